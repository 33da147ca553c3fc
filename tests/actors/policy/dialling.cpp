#define CAF_SUITE dialling

#include "actors/policy/dialling.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(2)};

struct fixture {
  uint32_t due(time_point now = start) const {
    return dials_due(lane, pace, now);
  }

  dial_view lane{.wanted = 4};
  restart_pacer pace;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dialling_tests, fixture)

CAF_TEST(all that are missing are dialled at once) {
  CAF_CHECK_EQUAL(due(), 4u);
  lane.under_way = 3;
  CAF_CHECK_EQUAL(due(), 1u);
  lane.under_way = 1;
  lane.live = 2;
  CAF_CHECK_EQUAL(due(), 1u);
  lane.live = 4;
  CAF_CHECK_EQUAL(due(), 0u);
  lane.live = 5; // somebody wants fewer now
  CAF_CHECK_EQUAL(due(), 0u);
}

CAF_TEST(after a failure one feels its way) {
  pace.on_lost(false, start);
  pace.on_tried(start);
  pace.on_failed(start);
  const auto next = next_dial(lane, pace);
  CAF_CHECK(next > start);
  CAF_CHECK_EQUAL(due(), 0u);
  CAF_CHECK_EQUAL(due(next), 1u);
  lane.live = 1;
  lane.under_way = 3; // none is missing
  lane.tried_at = start - 1h;
  CAF_CHECK_EQUAL(due(next), 0u);
}

CAF_TEST(one that hangs gets another beside it) {
  pace.on_lost(false, start);
  pace.on_tried(start);
  lane.under_way = 4;
  lane.tried_at = start;
  lane.usual = 50ms;
  CAF_CHECK(next_dial(lane, pace) >= start + 4 * lane.usual);
  lane.usual = 0ms;
  CAF_CHECK(next_dial(lane, pace) >= start + 100ms);
  const auto later = start + 1h;
  CAF_CHECK_EQUAL(due(later), 1u);
  lane.live = 1; // the way is open, what takes long does not hang
  CAF_CHECK_EQUAL(due(later), 0u);
}

CAF_TEST(a network that swallows dials gets no more) {
  pace.on_lost(false, start);
  pace.on_tried(start);
  lane.under_way = 7;
  CAF_CHECK_EQUAL(due(start + 1h), 1u);
  lane.under_way = 8;
  CAF_CHECK_EQUAL(due(start + 1h), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(the last resort waits until nothing else lives) {
  last_resort uut;
  CAF_CHECK(!uut.is_needed(start));
  uut.note(false, start);
  CAF_CHECK(!uut.is_needed(start));
  CAF_CHECK(uut.begins(start) == start + last_resort::begins_after);
  uut.note(false, start + 500ms); // since when counts, not when it was said
  CAF_CHECK(uut.is_needed(start + last_resort::begins_after));
  CAF_CHECK(!uut.is_over(start + 1h));
}

CAF_TEST(the last resort stays until others last) {
  last_resort uut;
  uut.note(false, start);
  uut.note(true, start + 2s);
  CAF_CHECK(!uut.is_needed(start + 1h));
  CAF_CHECK(!uut.is_over(start + 2s));
  CAF_CHECK(uut.is_over(start + 2s + last_resort::ends_after));
  uut.note(false, start + 3s);
  CAF_CHECK(!uut.is_over(start + 1h));
  CAF_CHECK(uut.begins(start + 3s) == start + 3s + last_resort::begins_after);
}
