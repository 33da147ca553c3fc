#define CAF_SUITE pool_upkeep

#include "tests/actors/pool_script.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

CAF_TEST(the_minimum_is_asked_for_before_the_first_request) {
  auto settings = small_pool();
  settings.pool_size = 3;
  pool_script it{settings};
  it.dial();
  CAF_REQUIRE_EQUAL(it.told->wishes.size(), 1u);
  CAF_CHECK_EQUAL(it.told->wishes[0].count, 2u);
  it.dial(2, 1);
  it.pass(5s);
  CAF_CHECK_EQUAL(it.told->wishes.size(), 1u);
  CAF_CHECK_EQUAL(it.look().usable, 3u);
  CAF_CHECK_EQUAL(it.look().asked, 0u);
}

CAF_TEST(growth_asks_for_what_is_needed_after_a_cool_down) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  it.pass(1s);
  it.told->wishes.clear();
  for (int i = 0; i < 7; ++i)
    it.request();
  // One tells at once, the others within the cool-down of 100 ms.
  CAF_REQUIRE_EQUAL(it.told->wishes.size(), 1u);
  CAF_CHECK_EQUAL(it.told->wishes[0].count, 1u);
  it.pass(300ms);
  CAF_REQUIRE_EQUAL(it.told->wishes.size(), 2u);
  CAF_CHECK_EQUAL(it.told->wishes[1].count, 1u);
  CAF_CHECK_EQUAL(it.look().sizing_reason, "requests wait");
  CAF_CHECK_EQUAL(it.look().target_size, 4u);
  CAF_CHECK_EQUAL(it.count(event_kind::pool_grown), 2u);
}

CAF_TEST(the_queue_is_bounded_in_length_and_time) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  std::vector<exchange_id> all;
  for (int i = 0; i < 11; ++i)
    all.push_back(it.request());
  CAF_CHECK(it.failure(all[10]) == outcome::pool_exhausted);
  CAF_CHECK(!it.failure(all[9]));
  CAF_CHECK_EQUAL(it.count(event_kind::pool_exhausted), 1u);
  it.pass(4900ms);
  CAF_CHECK(!it.failure(all[4]));
  it.pass(400ms);
  for (int i = 4; i < 10; ++i)
    CAF_CHECK(it.failure(all[i]) == outcome::acquire_timeout);
  CAF_CHECK_EQUAL(it.look().waiting, 0u);
  CAF_CHECK_EQUAL(it.look().leases, 4u);
}

CAF_TEST(connections_idle_above_the_minimum_close) {
  pool_script it{small_pool()};
  const auto lines = it.dial(4, 1);
  it.pass(299s);
  CAF_CHECK_EQUAL(it.count(event_kind::connection_idle_closed), 0u);
  it.pass(2s);
  CAF_CHECK_EQUAL(it.count(event_kind::connection_idle_closed), 2u);
  size_t retired = 0;
  for (const auto& one : lines)
    if (!one.notes->retired.empty()) {
      ++retired;
      CAF_CHECK(!it.told->members[one.name]);
      it.lose(one, link_error::none);
    }
  CAF_CHECK_EQUAL(retired, 2u);
  it.pass(600s);
  CAF_CHECK_EQUAL(it.look().members.size(), 2u);
  CAF_CHECK_EQUAL(it.count(event_kind::connection_lost), 0u);
}

CAF_TEST(a_pool_without_work_is_hardly_ever_woken) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  it.pass(60s);
  auto before = it.woken();
  it.pass(100s);
  CAF_CHECK_LESS_OR_EQUAL(it.woken() - before, 21u);
  // With work it is looked after as before.
  const auto id = it.request();
  before = it.woken();
  it.pass(10s);
  CAF_CHECK_GREATER_OR_EQUAL(it.woken() - before, 36u);
  it.finish(*it.carrier(id), id);
  it.pass(10s);
  before = it.woken();
  it.pass(100s);
  CAF_CHECK_LESS_OR_EQUAL(it.woken() - before, 21u);
}

CAF_TEST(a_pool_that_nobody_serves_is_woken_ever_more_seldom) {
  pool_script it{small_pool()};
  for (const auto& one : it.dial(2, 1))
    it.crash(one);
  it.pass(120s);
  const auto before = it.woken();
  it.pass(100s);
  // Pauses of 12 s and more, with three looks each.
  CAF_CHECK_LESS_OR_EQUAL(it.woken() - before, 24u);
}

CAF_TEST(at_the_end_of_its_life_a_connection_is_replaced_first) {
  auto settings = small_pool();
  settings.pool_size = 1;
  settings.max_lifetime = config::seconds{100};
  pool_script it{settings};
  const auto old = it.dial(7);
  const auto id = it.request();
  it.pass(89s);
  CAF_CHECK(it.told->wishes.empty());
  it.pass(22s);
  CAF_REQUIRE(!it.told->wishes.empty());
  CAF_CHECK_EQUAL(it.told->wishes[0].reason, "replacement");
  CAF_CHECK(it.told->wishes[0].session == old.session);
  CAF_CHECK(old.notes->retired.empty()); // still in use
  CAF_CHECK(it.carrier(it.request())->name == old.name);
  const auto fresh = it.dial(7);
  CAF_REQUIRE_EQUAL(old.notes->retired.size(), 1u);
  CAF_CHECK_EQUAL(it.carrier(it.request())->name, fresh.name);
  CAF_CHECK_EQUAL(it.look().leases, 3u);
  // What lasts longer than the grace time moves; nothing is cut.
  it.pass(29s);
  CAF_CHECK(old.notes->released.empty());
  it.pass(2s);
  CAF_CHECK_EQUAL(old.notes->released.size(), 2u);
  CAF_CHECK_EQUAL(it.look().leases, 3u);
  CAF_CHECK_EQUAL(it.look().moved_total, 2u);
  CAF_CHECK_EQUAL(fresh.notes->carried.size(), 3u);
  it.lose(old, link_error::none);
  CAF_CHECK(it.told->orphans.empty());
  it.finish(fresh, id);
  CAF_CHECK_EQUAL(it.look().leases, 2u);
}

CAF_TEST(a_sick_connection_is_ejected_and_readmitted_by_a_probe) {
  pool_script it{small_pool()};
  const auto lines = it.dial(4, 1);
  const auto sick = lines[1];
  const auto report = [&](duration rtt) {
    return health_report{sick.actor, rtt, rtt, false};
  };
  for (int i = 0; i < 3; ++i)
    it.send(health_report{sick.actor, {}, {}, true});
  CAF_CHECK_EQUAL(it.count(event_kind::connection_ejected), 1u);
  CAF_CHECK_EQUAL(it.look().usable, 3u);
  for (int i = 0; i < 6; ++i)
    CAF_CHECK(it.carrier(it.request())->name != sick.name);
  it.pass(9s);
  CAF_CHECK_EQUAL(sick.notes->checks, 0);
  it.pass(2s);
  CAF_CHECK_EQUAL(sick.notes->checks, 1);
  for (const auto& one : lines)
    if (one.name != sick.name)
      it.send(health_report{one.actor, 1ms, 1ms, false});
  it.send(report(900ms)); // still far slower than the others
  CAF_CHECK_EQUAL(it.look().usable, 3u);
  it.pass(21s);
  CAF_CHECK_EQUAL(sick.notes->checks, 2);
  it.send(report(2ms));
  CAF_CHECK_EQUAL(it.look().usable, 4u);
  CAF_CHECK_EQUAL(it.count(event_kind::connection_readmitted), 1u);
}

CAF_TEST(never_more_than_half_of_a_pool_is_ejected) {
  pool_script it{small_pool()};
  const auto lines = it.dial(4, 1);
  for (int i = 0; i < 5; ++i)
    for (const auto& one : lines)
      it.send(health_report{one.actor, {}, {}, true});
  CAF_CHECK_EQUAL(it.count(event_kind::connection_ejected), 2u);
  CAF_CHECK_EQUAL(it.look().usable, 2u);
  // When the others go, a sick one is better than none.
  for (const auto& one : it.look().members)
    if (!one.ejected)
      for (const auto& line : lines)
        if (line.name == one.name)
          it.lose(line);
  it.pass(1s);
  int checks = 0;
  for (const auto& line : lines)
    checks += line.notes->checks;
  CAF_CHECK_EQUAL(checks, 2);
}

CAF_TEST(losses_are_replaced_and_too_many_degrade_the_endpoint) {
  auto settings = small_pool();
  settings.restart_intensity = 3;
  pool_script it{settings};
  for (int round = 0; round < 4; ++round) {
    for (const auto& one : it.dial(2, 1))
      it.crash(one);
  }
  CAF_CHECK_EQUAL(it.count(event_kind::endpoint_degraded), 1u);
  CAF_CHECK(!it.look().degraded.empty());
  it.dial();
  it.pass(1s);
  CAF_REQUIRE(!it.told->statuses.empty());
  CAF_CHECK(!it.told->statuses.back().degraded.empty());
  it.pass(11s);
  CAF_CHECK_EQUAL(it.count(event_kind::endpoint_recovered), 1u);
  CAF_CHECK(it.told->statuses.back().degraded.empty());
  CAF_CHECK(it.look().degraded.empty());
}

// Who dials over a long way is not to dial twice.
CAF_TEST(a_wish_that_is_late_is_repeated_as_the_same) {
  pool_script it{small_pool()};
  it.dial();
  CAF_REQUIRE_EQUAL(it.told->wishes.size(), 1u);
  CAF_CHECK(!it.told->wishes[0].again);
  it.pass(5s);
  CAF_REQUIRE(it.told->wishes.size() > 1);
  for (size_t i = 1; i < it.told->wishes.size(); ++i)
    CAF_CHECK(it.told->wishes[i].again);
  it.dial();
  it.told->wishes.clear();
  for (int i = 0; i < 7; ++i)
    it.request();
  it.pass(300ms);
  CAF_REQUIRE(!it.told->wishes.empty());
  CAF_CHECK(!it.told->wishes[0].again);
}

CAF_TEST(an_agent_that_does_not_dial_is_asked_ever_more_slowly) {
  pool_script it{small_pool()};
  it.dial();
  it.pass(60s);
  // A wish is late after a second; then a tenth of the outage passes, too.
  const auto asked = it.told->wishes.size();
  CAF_CHECK_GREATER(asked, 3u);
  it.pass(60s);
  const auto later = it.told->wishes.size() - asked;
  CAF_CHECK_LESS(later, asked * 2 / 3);
  it.dial();
  it.pass(1s);
  CAF_CHECK_EQUAL(it.look().usable, 2u);
}
