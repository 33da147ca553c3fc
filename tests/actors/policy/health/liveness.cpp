#define CAF_SUITE liveness

#include "actors/policy/health/liveness.hpp"
#include "tests/support/test.hpp"

#include <utility>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(an_idle_connection_is_pinged_every_interval) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  uut.on_pong(uut.token(), start + 10ms);
  CAF_CHECK(uut.rtt() == 10ms);
  CAF_CHECK(uut.check(false, start + 4s) == liveness::action::none);
  CAF_CHECK(uut.check(false, start + 5s) == liveness::action::ping);
  CAF_CHECK(uut.check(false, start + 5500ms) == liveness::action::none);
  CAF_CHECK(uut.check(false, start + 6s) == liveness::action::dead);
}

CAF_TEST(silence_with_work_outstanding_is_found_sooner) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  uut.on_pong(uut.token(), start);
  uut.on_heard(start);
  CAF_CHECK(uut.check(true, start + 900ms) == liveness::action::none);
  CAF_CHECK(uut.check(true, start + 1s) == liveness::action::ping);
  CAF_CHECK(uut.check(true, start + 2s) == liveness::action::dead);
}

CAF_TEST(a_connection_at_rest_is_pinged_at_a_slower_pace_until_work_comes) {
  liveness uut{{1s, 1s, 1s}, start};
  size_t pings = 0;
  auto now = start;
  const auto pass = [&](duration time, bool work) {
    for (const auto end = now + time; now < end; now += 50ms)
      if (uut.check(work, now) == liveness::action::ping) {
        ++pings;
        uut.on_pong(uut.token(), now);
        uut.on_heard(now);
      }
    return std::exchange(pings, 0);
  };
  CAF_CHECK_EQUAL(pass(10s, false), 10u);
  CAF_CHECK(uut.resting(now));
  CAF_CHECK_EQUAL(pass(50s, false), 10u);
  // The actor pings with the first work; then it is watched as ever.
  uut.on_work(now);
  CAF_CHECK(!uut.resting(now));
  CAF_CHECK_EQUAL(pass(5s, true), 5u);
  // Work that lasts keeps it awake by itself.
  CAF_CHECK_EQUAL(pass(30s, true), 30u);
  CAF_CHECK(!uut.resting(now));
}

CAF_TEST(who_measures_nothing_pings_into_silence_only) {
  liveness uut{{.ping_interval = 1250ms, .measures = false}, start};
  for (auto now = start; now < start + 10s; now += 1s) {
    uut.on_heard(now);
    CAF_CHECK(uut.check(false, now + 900ms) == liveness::action::none);
  }
  CAF_CHECK(uut.due(false) == start + 9s + 1250ms);
  CAF_CHECK(uut.check(false, start + 9s + 1250ms) == liveness::action::ping);
}

CAF_TEST(any_sign_of_life_keeps_a_connection_alive) {
  liveness uut{{5s, 1s, 1s}, start};
  CAF_CHECK(uut.check(true, start + 1s) == liveness::action::ping);
  uut.on_heard(start + 1900ms);
  CAF_CHECK(uut.check(true, start + 2s) == liveness::action::none);
  CAF_CHECK(uut.check(true, start + 2900ms) == liveness::action::dead);
}

CAF_TEST(who_talks_all_the_time_but_never_answers_is_dead_in_the_end) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  auto now = start;
  for (; now < start + 59s; now += 500ms) {
    uut.on_heard(now);
    uut.on_pong(uut.token() + 1, now); // a guess
    CAF_REQUIRE(uut.check(true, now) == liveness::action::none);
  }
  uut.on_heard(start + 60s);
  CAF_CHECK(uut.check(true, start + 60s) == liveness::action::dead);
}

CAF_TEST(pongs_with_another_token_are_ignored) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  uut.on_pong(uut.token() + 1, start + 1ms);
  CAF_CHECK(uut.waiting());
}

CAF_TEST(the_round_trip_time_is_smoothed) {
  liveness uut{{5s, 1s, 1s}, start};
  CAF_CHECK(uut.rtt() == 0s);
  uut.force_ping(start);
  uut.on_pong(uut.token(), start + 16ms);
  CAF_CHECK(!uut.waiting());
  CAF_CHECK(uut.rtt() == 16ms);
  uut.force_ping(start + 1s);
  uut.on_pong(uut.token(), start + 1s + 8ms);
  CAF_CHECK(uut.sample() == 8ms);
  CAF_CHECK(uut.rtt() == 15ms);
  // The second pong to one ping is none.
  uut.on_pong(uut.token(), start + 2s);
  CAF_CHECK(uut.sample() == 8ms);
}

CAF_TEST(an_answer_is_late_after_half_of_its_time_and_once) {
  liveness uut{{5s, 1s, 1s}, start};
  CAF_CHECK(!uut.turned_late(start + 1h));
  for (auto pinged : {start, start + 1h}) {
    uut.force_ping(pinged);
    CAF_CHECK(uut.due(true) == pinged + 500ms);
    CAF_CHECK(!uut.turned_late(pinged + 499ms));
    CAF_CHECK(uut.turned_late(pinged + 500ms));
    CAF_CHECK(!uut.turned_late(pinged + 600ms));
    CAF_CHECK(uut.due(true) == pinged + 1s);
  }
  uut.force_ping(start + 2h);
  uut.on_heard(start + 2h + 400ms);
  CAF_CHECK(uut.due(false) == start + 2h + 900ms);
  CAF_CHECK(!uut.turned_late(start + 2h + 899ms));
  CAF_CHECK(uut.turned_late(start + 2h + 900ms));
}

CAF_TEST(a_ping_is_due_after_a_stall_an_interval_or_an_old_sample) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  uut.on_pong(uut.token(), start);
  uut.on_heard(start + 4500ms);
  CAF_CHECK(uut.due(false) == start + 5s); // the sample is old
  CAF_CHECK(uut.due(true) == start + 5s);
  uut.on_heard(start + 1s);
  CAF_CHECK(uut.due(true) == start + 2s); // silence
}
