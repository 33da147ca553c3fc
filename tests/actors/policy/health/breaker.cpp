#define CAF_SUITE breaker

#include "actors/policy/health/breaker.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

breaker with_threshold(uint32_t threshold) {
  breaker_settings settings;
  settings.threshold = threshold;
  return breaker{settings};
}

} // namespace

CAF_TEST(only_consecutive_failures_count) {
  auto uut = with_threshold(3);
  CAF_CHECK(!uut.on_failure(start, "lost"));
  CAF_CHECK(!uut.on_failure(start, "lost"));
  uut.on_success(start);
  CAF_CHECK(!uut.on_failure(start, "lost"));
  CAF_CHECK(!uut.on_failure(start, "lost"));
  CAF_CHECK(uut.use_primary());
  CAF_CHECK(uut.on_failure(start, "lost"));
  CAF_CHECK(uut.state() == breaker_state::fallback);
  CAF_CHECK_EQUAL(uut.reason(), "lost");
}

CAF_TEST(the_state_changes_exactly_at_the_threshold) {
  for (uint32_t threshold : {1u, 3u, 10u}) {
    auto uut = with_threshold(threshold);
    for (uint32_t i = 1; i < threshold; ++i)
      CAF_CHECK(!uut.on_failure(start, "x"));
    CAF_CHECK(uut.use_primary());
    CAF_CHECK(uut.on_failure(start, "x"));
    CAF_CHECK(!uut.use_primary());
    CAF_CHECK_EQUAL(uut.switches(), 1u);
  }
}

CAF_TEST(a_disabled_breaker_never_switches) {
  breaker_settings settings;
  settings.enabled = false;
  breaker uut{settings};
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(!uut.on_failure(start, "x"));
  CAF_CHECK(uut.use_primary());
}

CAF_TEST(several_good_probes_lead_back) {
  auto uut = with_threshold(1);
  uut.on_failure(start, "x");
  CAF_CHECK(!uut.probe_due(start + 999ms));
  CAF_CHECK(uut.probe_due(start + 1s));
  CAF_CHECK(uut.state() == breaker_state::probing);
  CAF_CHECK(!uut.probe_due(start + 2s)); // one at a time
  CAF_CHECK(!uut.on_probe(true, start + 2s));
  CAF_CHECK(uut.probe_due(start + 3s));
  CAF_CHECK(!uut.on_probe(true, start + 3s));
  CAF_CHECK(uut.probe_due(start + 4s));
  CAF_CHECK(uut.on_probe(true, start + 4s));
  CAF_CHECK(uut.use_primary());
  CAF_CHECK_EQUAL(uut.failures(), 0u);
}

CAF_TEST(between_two_good_probes_is_a_pause) {
  auto uut = with_threshold(1);
  uut.on_failure(start, "x");
  CAF_CHECK(uut.probe_due(start + 1s));
  CAF_CHECK(!uut.on_probe(true, start + 2s));
  CAF_CHECK(uut.due() == start + 2100ms);
  CAF_CHECK(!uut.probe_due(start + 2099ms));
  CAF_CHECK(uut.probe_due(start + 2100ms));
  CAF_CHECK_EQUAL(uut.probe_number(), 2u);
}

CAF_TEST(a_bad_probe_starts_the_hold_down_again) {
  auto uut = with_threshold(1);
  uut.on_failure(start, "x");
  CAF_CHECK(uut.probe_due(start + 1s));
  CAF_CHECK(uut.on_probe(false, start + 2s));
  CAF_CHECK(uut.state() == breaker_state::fallback);
  CAF_CHECK(!uut.probe_due(start + 2999ms));
  CAF_CHECK(uut.probe_due(start + 3s));
}

CAF_TEST(the_hold_down_grows_when_it_flaps) {
  auto uut = with_threshold(1);
  auto now = start;
  duration last{};
  for (int round = 0; round < 8; ++round) {
    uut.on_failure(now, "x");
    const auto left = now;
    while (!uut.probe_due(now))
      now += 100ms;
    const auto held = now - left;
    CAF_CHECK(held >= last);
    CAF_CHECK(held <= 30s);
    last = held;
    do {
      now += 200ms;
      uut.on_probe(true, now);
      now += 200ms;
    } while (!uut.use_primary() && uut.probe_due(now));
    CAF_CHECK(uut.use_primary());
  }
  CAF_CHECK(last == 30s);
  now += 5min;
  uut.on_failure(now, "x");
  CAF_CHECK(uut.probe_due(now + 1s));
}
