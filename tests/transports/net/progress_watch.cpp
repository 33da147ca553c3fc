#define CAF_SUITE progress_watch

#include "tests/support/test.hpp"

#include "transports/net/progress_watch.hpp"

#include <limits>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr auto endless = std::numeric_limits<uint64_t>::max();
constexpr progress_rule rule{10s, 100};

time_point at(duration since) {
  return time_point{} + 1h + since;
}

} // namespace

CAF_TEST(silence for the whole time is too slow) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 5000, endless, rule));
  CAF_CHECK(watch.keeps_up(at(9s), 9000, endless, rule));
  CAF_CHECK(watch.keeps_up(at(18s), 9000, endless, rule));
  CAF_CHECK(!watch.keeps_up(at(19s), 9000, endless, rule));
}

CAF_TEST(a drip is too slow although it never stops) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 0, endless, rule));
  for (auto i = 1; i < 10; ++i)
    CAF_CHECK(
      watch.keeps_up(at(1s * i), static_cast<uint64_t>(i), endless, rule));
  CAF_CHECK(!watch.keeps_up(at(10s), 10, endless, rule));
}

CAF_TEST(the rate is asked for in every period) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 0, endless, rule));
  CAF_CHECK(watch.keeps_up(at(10s), 1'000'000, endless, rule));
  CAF_CHECK(watch.keeps_up(at(19s), 1'000'001, endless, rule));
  CAF_CHECK(!watch.keeps_up(at(20s), 1'000'002, endless, rule));
}

CAF_TEST(nobody has to move more than there is) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 0, 7, rule));
  CAF_CHECK(watch.keeps_up(at(9s), 7, 3, rule));
  CAF_CHECK(watch.keeps_up(at(10s), 7, 3, rule));
  CAF_CHECK(!watch.keeps_up(at(20s), 9, 1, rule));
}

CAF_TEST(time in which others had their turn does not count) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 0, endless, rule));
  CAF_CHECK(watch.keeps_up(at(9s), 1, endless, rule));
  watch.rest();
  CAF_CHECK(watch.keeps_up(at(30s), 1, endless, rule));
  CAF_CHECK(watch.keeps_up(at(39s), 1, endless, rule));
  CAF_CHECK(!watch.keeps_up(at(40s), 1, endless, rule));
}

CAF_TEST(without a rule everybody keeps up) {
  progress_watch watch;
  CAF_CHECK(watch.keeps_up(at(0s), 0, endless, {}));
  CAF_CHECK(watch.keeps_up(at(100h), 0, endless, {0s, 1000}));
  CAF_CHECK(watch.keeps_up(at(101h), 0, endless, {10s, 0}));
  CAF_CHECK(watch.keeps_up(at(101h + 9s), 1, endless, {10s, 0}));
  CAF_CHECK(watch.keeps_up(at(101h + 18s), 2, endless, {10s, 0}));
}
