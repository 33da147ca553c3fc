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
  for (int i = 0; i < 150; ++i) {
    uut.on_tried(now);
    uut.on_up();
    for (int k = 0; k < 3; ++k)
      uut.on_lost(is_proven(10ms), now);
    auto before = now;
    while (!uut.due(now))
      now += 10ms;
    CAF_CHECK(now - before <= 15s + 10ms);
    CAF_CHECK(now - before <= (before - start) / 10 + 30ms);
    longest = std::max(longest, now - before);
  }
  CAF_CHECK(longest >= 10s);
  // One that stayed shows that starting works.
  uut.on_tried(now);
  uut.on_up();
  uut.on_lost(is_proven(1s), now);
  CAF_CHECK(uut.due(now));
}

CAF_TEST(whenever_an_outage_ends_the_next_try_is_a_tenth_of_it_away) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    restart_pacer uut{{}, seed};
    uut.on_lost(true, start);
    for (auto now = start; now < start + 60s; now = uut.next()) {
      CAF_REQUIRE(uut.due(now));
      uut.on_tried(now);
      uut.on_failed(now + 1ms); // at once, or never: it does not matter
      const auto outage = now - start;
      CAF_CHECK(uut.next() - now <= std::max<duration>(outage / 10, 20ms));
      CAF_CHECK(uut.next() - now >= 20ms);
    }
  }
}

CAF_TEST(trouble_of_long_ago_lengthens_no_pause) {
  restart_pacer uut;
  uut.on_lost(true, start);
  uut.on_tried(start);
  uut.on_up();
  uut.on_lost(is_proven(10ms), start + 1h);
  CAF_CHECK(uut.due(start + 1h + 20ms));
}

CAF_TEST(an_outage_begins_when_what_worked_is_lost) {
  restart_pacer uut;
  CAF_CHECK(uut.outage(start) == 0s);
  uut.on_lost(true, start);
  CAF_CHECK(uut.trying());
  CAF_CHECK(uut.outage(start + 5s) == 5s);
  uut.on_tried(start + 6s);
  CAF_CHECK(uut.outage(start + 7s) == 7s);
  uut.on_up();
  CAF_CHECK(!uut.trying());
  CAF_CHECK(uut.outage(start + 7s) == 0s);
  // What dies young goes on with the same one.
  uut.on_lost(false, start + 8s);
  CAF_CHECK(uut.outage(start + 9s) == 9s);
  uut.on_up();
  uut.on_lost(true, start + 10s);
  CAF_CHECK(uut.outage(start + 11s) == 1s);
  // What is tried without need begins one, and so does the one who hurries.
  uut.on_up();
  uut.on_tried(start + 12s);
  CAF_CHECK(uut.outage(start + 13s) == 1s);
  uut.hurry(start + 14s);
  CAF_CHECK(uut.outage(start + 15s) == 1s);
  CAF_CHECK(uut.due(start + 14s));
}

CAF_TEST(of_dials_under_way_one_is_patient) {
  struct row {
    duration outage, usual;
    bool patient;
    duration expected;
  };
  const row table[] = {
    {0s, 0s, true, 10s},        {5s, 1ms, true, 10s},
    {0s, 0s, false, 250ms},     {3s, 2ms, false, 1s},
    {3s, 500ms, false, 2s},     {1h, 2ms, false, 10s},
    {100ms, 100ms, false, 400ms},
  };
  for (const auto& one : table)
    CAF_CHECK(dial_patience(one.outage, one.usual, one.patient)
              == one.expected);
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
  CAF_CHECK(uut.due(start + 20ms));
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

CAF_TEST(it_is_known_when_there_are_not_too_many_any_more) {
  restart_intensity uut{2, 10s};
  uut.add(start);
  uut.add(start + 1s);
  CAF_CHECK(uut.over_at() == time_point{});
  for (int i = 2; i < 5; ++i)
    CAF_CHECK(uut.add(start + i * 1s));
  CAF_CHECK(uut.over_at() == start + 12s);
  CAF_CHECK(uut.exceeded(start + 12s));
  CAF_CHECK(!uut.exceeded(start + 12s + 1ms));
}
