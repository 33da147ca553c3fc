#define CAF_SUITE small_policies

#include "actors/policy/backoff.hpp"
#include "actors/policy/liveness.hpp"
#include "actors/policy/repeat.hpp"
#include "actors/text.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(a_pause_is_a_tenth_of_the_outage_with_jitter_and_bounds) {
  struct row {
    duration outage, least, most;
  };
  const row table[] = {
    {0s, 20ms, 20ms},        {100ms, 20ms, 20ms}, {200ms, 20ms, 20ms},
    {400ms, 30ms, 40ms},     {1s, 75ms, 100ms},   {5s, 375ms, 500ms},
    {8s, 600ms, 800ms},      {60s, 4500ms, 6s},   {150s, 11250ms, 15s},
    {3600s, 11250ms, 15s},
  };
  for (uint64_t seed = 1; seed < 50; ++seed) {
    backoff uut{{}, seed * 7919};
    for (const auto& one : table) {
      const auto pause = uut.pause(one.outage);
      CAF_CHECK(pause >= one.least);
      CAF_CHECK(pause <= one.most);
    }
  }
}

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

CAF_TEST(lines_of_very_many_keys_count_as_one) {
  repeat_limit uut{2, 10s};
  size_t written = 0;
  for (int i = 0; i < 5000; ++i)
    written += uut.admit("key " + std::to_string(i), start);
  CAF_CHECK_EQUAL(written, repeat_limit::max_keys + 2);
  const auto summaries = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(summaries.size(), 1u);
  CAF_CHECK_EQUAL(summaries[0].left_out, 5000 - repeat_limit::max_keys - 2);
}

CAF_TEST(pongs_with_another_token_are_ignored) {
  liveness uut{{5s, 1s, 1s}, start};
  uut.force_ping(start);
  uut.on_pong(uut.token() + 1, start + 1ms);
  CAF_CHECK(uut.waiting());
}

CAF_TEST(log_lines_have_the_documented_form) {
  event created{event_kind::pool_created, "tunnel1", "endpoint1", "websocket",
                "", "with size 5, idle timeout " + show_duration(300s)
                      + ", max lifetime " + show_duration(1800s),
                0};
  CAF_CHECK_EQUAL(render(created),
                  "[WS-POOL] Created new pool for tunnel1.endpoint1 with size "
                  "5, idle timeout 5m0s, max lifetime 30m0s");
  event failed{event_kind::fallback_attempt, "tunnel1", "endpoint1", "", "",
               "connection refused", 0};
  CAF_CHECK_EQUAL(render(failed),
                  "[HYBRID] gRPC request failed for tunnel1.endpoint1, trying "
                  "WebSocket fallback: connection refused");
  event expired{event_kind::connection_expired, "tunnel1", "endpoint1",
                "websocket", "ws-def456", "", 0};
  CAF_CHECK_EQUAL(render(expired),
                  "[WS-POOL] Closing expired connection ws-def456 in pool "
                  "tunnel1.endpoint1");
  CAF_CHECK_EQUAL(show_duration(90min), "1h30m0s");
  CAF_CHECK_EQUAL(show_duration(250ms), "250ms");
}
