#define CAF_SUITE restart

#include "actors/policy/restart.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(the_first_replacement_comes_at_once) {
  restart_pacer uut;
  CAF_CHECK(uut.due(start));
  uut.on_lost(true, start);
  CAF_CHECK(uut.due(start));
}

CAF_TEST(many_losses_of_one_moment_count_as_one) {
  restart_pacer uut;
  for (int i = 0; i < 50; ++i)
    uut.on_lost(true, start);
  CAF_CHECK(uut.due(start));
}

CAF_TEST(what_dies_young_is_replaced_ever_more_slowly) {
  restart_pacer uut;
  auto now = start;
  duration longest{};
  for (int i = 0; i < 12; ++i) {
    uut.on_up();
    for (int k = 0; k < 3; ++k)
      uut.on_lost(is_proven(10ms), now);
    auto before = now;
    while (!uut.due(now))
      now += 10ms;
    CAF_CHECK(now - before <= 30s + 10ms);
    longest = std::max(longest, now - before);
  }
  CAF_CHECK(longest >= 10s);
  // One that stayed shows that starting works.
  uut.on_up();
  uut.on_lost(is_proven(1s), now);
  CAF_CHECK(uut.due(now));
}

CAF_TEST(many_failures_of_one_moment_count_as_one) {
  restart_pacer uut;
  for (int i = 0; i < 50; ++i)
    uut.on_failed(start);
  CAF_CHECK(uut.due(start + 100ms));
}

CAF_TEST(after_a_failed_try_one_feels_the_way) {
  restart_pacer uut;
  CAF_CHECK(!uut.careful());
  uut.on_failed(start);
  CAF_CHECK(uut.careful());
  uut.on_failed(start);
  CAF_CHECK(!uut.due(start));
  CAF_CHECK(uut.due(start + 100ms));
  uut.on_up();
  CAF_CHECK(!uut.careful());
  CAF_CHECK(uut.due(start));
}

CAF_TEST(a_pause_the_other_side_asks_for_is_kept) {
  restart_pacer uut;
  uut.on_failed(start);
  uut.hold(start + 10s);
  CAF_CHECK(!uut.due(start + 9s));
  CAF_CHECK(uut.due(start + 10s));
}

CAF_TEST(too_many_restarts_within_the_window_are_noticed) {
  restart_intensity uut{3, 10s};
  CAF_CHECK(!uut.add(start));
  CAF_CHECK(!uut.add(start + 1s));
  CAF_CHECK(!uut.add(start + 2s));
  CAF_CHECK(uut.add(start + 3s));
  CAF_CHECK(uut.exceeded(start + 9s));
  CAF_CHECK(!uut.exceeded(start + 11s));
  CAF_CHECK(!uut.add(start + 12s));
  CAF_CHECK(!uut.add(start + 100s));
}
