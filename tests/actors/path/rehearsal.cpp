#define CAF_SUITE rehearsal

#include "actors/path/rehearsal.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

struct rehearsed {
  /// Whether the frame stays; else it would be looked at now.
  std::optional<time_point> bring(uint64_t token) {
    link_frames batch{{frame{0, ping_frame{token}}}};
    const auto due = uut.hold(batch, now);
    CAF_CHECK_EQUAL(batch.frames.empty(), due.has_value());
    return due;
  }

  std::vector<uint64_t> take() {
    std::vector<uint64_t> out;
    while (const auto batch = uut.take_due(now))
      for (const auto& frame : batch->frames)
        out.push_back(std::get<ping_frame>(frame.body).token);
    return out;
  }

  rehearsal uut;
  time_point now{1h};
};

using tokens = std::vector<uint64_t>;

} // namespace

CAF_TEST(without a fault nothing is held back) {
  rehearsed it;
  CAF_CHECK(!it.bring(1));
  CAF_CHECK(it.take().empty());
}

CAF_TEST(who stalls looks at all of it afterwards in order) {
  rehearsed it;
  const auto end = it.now + 3s;
  it.uut.stall(end);
  CAF_CHECK(it.bring(1) == end);
  it.now += 2s;
  CAF_CHECK(it.bring(2) == end);
  CAF_CHECK(it.take().empty());
  it.now = end;
  CAF_CHECK(it.take() == tokens({1, 2}));
  CAF_CHECK(!it.bring(3));
}

CAF_TEST(what is late stays late and nothing overtakes it) {
  rehearsed it;
  it.uut.delay(2s);
  CAF_CHECK(it.bring(1) == it.now + 2s);
  it.now += 1s;
  const auto second = it.now + 2s;
  CAF_CHECK(it.bring(2) == second);
  // It is switched off: what comes now waits behind the others all the same.
  it.uut.delay(0s);
  CAF_CHECK(it.bring(3) == second);
  it.now += 1s;
  CAF_CHECK(it.take() == tokens({1}));
  it.now += 1s;
  CAF_CHECK(it.take() == tokens({2, 3}));
  CAF_CHECK(!it.bring(4));
}

CAF_TEST(of both faults the longer one counts) {
  rehearsed it;
  it.uut.stall(it.now + 1s);
  it.uut.delay(3s);
  CAF_CHECK(it.bring(1) == it.now + 3s);
  it.uut.stall(it.now + 5s);
  CAF_CHECK(it.bring(2) == it.now + 5s);
}
