#define CAF_SUITE pool_races

#include "tests/actors/pool_script.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

CAF_TEST(a_connection_dies_while_leased) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  const auto id = it.request();
  const auto on = *it.carrier(id);
  // Its last words and the end of the exchange cross.
  it.post(connection_lost{on.actor, link_error::lost, ""});
  it.post(returned{on.actor, id, outcome::ok});
  it.crash(on);
  CAF_CHECK_EQUAL(it.told->orphans.size(), 1u);
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  CAF_CHECK_EQUAL(it.look().lost_total, 1u);
  CAF_CHECK_EQUAL(it.look().members.size(), 1u);
}

CAF_TEST(a_connection_dies_while_it_is_being_granted) {
  pool_script it{small_pool()};
  const auto only = it.dial();
  // Dead already, but the pool does not know yet when it grants.
  const auto id = it.queue_request();
  caf::anon_send_exit(only.actor, caf::exit_reason::kill);
  it.run();
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  const auto orphans = it.told->orphans.size();
  const auto failed = it.told->failed_leases.size();
  CAF_CHECK_EQUAL(orphans + failed, 1u);
  if (orphans == 1)
    CAF_CHECK_EQUAL(it.told->orphans[0].jobs[0].exchange->id(), id);
}

CAF_TEST(a_connection_dies_while_draining) {
  auto settings = small_pool();
  settings.pool_size = 1;
  pool_script it{settings};
  const auto old = it.dial();
  const auto id = it.request();
  it.dial();
  it.send(leaving{old.actor});
  CAF_CHECK_EQUAL(old.notes->retired.size(), 1u);
  it.told->wishes.clear();
  it.lose(old);
  CAF_REQUIRE_EQUAL(it.told->orphans.size(), 1u);
  CAF_CHECK_EQUAL(it.told->orphans[0].jobs[0].exchange->id(), id);
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  // It was to go anyway: nothing to replace, nothing to complain about.
  it.pass(3s);
  CAF_CHECK(it.told->wishes.empty());
  CAF_CHECK_EQUAL(it.look().lost_total, 0u);
}

CAF_TEST(a_draining_connection_gets_nothing_that_crosses_its_drain) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  it.post(leaving{lines[0].actor});
  std::vector<exchange_id> all;
  for (int i = 0; i < 2; ++i)
    all.push_back(it.queue_request());
  it.run();
  CAF_CHECK(lines[0].notes->carried.empty());
  CAF_CHECK_EQUAL(lines[1].notes->carried.size(), 2u);
}

CAF_TEST(the_agent_vanishes_while_growth_is_asked) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  std::vector<exchange_id> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(it.request());
  it.pass(300ms);
  CAF_CHECK(it.look().asked > 0);
  for (const auto& one : lines)
    it.lose(one);
  // Those who waited go back to the controller, in their order.
  CAF_REQUIRE_EQUAL(it.told->failed_leases.size(), 2u);
  CAF_CHECK_EQUAL(it.told->failed_leases[0].exchange->id(), all[4]);
  CAF_CHECK_EQUAL(it.told->failed_leases[1].exchange->id(), all[5]);
  CAF_CHECK_EQUAL(it.look().waiting, 0u);
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  it.pass(10s);
  CAF_CHECK_EQUAL(it.look().members.size(), 0u);
  // It is back: the pool fills up again.
  it.told->wishes.clear();
  it.dial(2);
  it.pass(2s);
  CAF_REQUIRE(!it.told->wishes.empty());
  CAF_CHECK_EQUAL(it.told->wishes[0].count, 1u);
}

CAF_TEST(more_connections_arrive_than_were_asked_for) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  for (int i = 0; i < 5; ++i)
    it.queue_request();
  std::vector<pool_script::line> late;
  for (uint8_t i = 0; i < 5; ++i)
    late.push_back(it.dial(1));
  CAF_CHECK_EQUAL(it.look().members.size(), 4u);
  size_t refused = 0;
  for (const auto& one : late)
    refused += one.notes->refused.has_value();
  CAF_CHECK_EQUAL(refused, 3u);
}

CAF_TEST(sizes_change_under_load) {
  pool_script it{small_pool()};
  it.dial(4, 1);
  std::vector<exchange_id> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(it.request());
  CAF_CHECK_EQUAL(it.look().waiting, 2u);
  // More places: who waits is served at once.
  auto wider = small_pool();
  wider.max_requests_per_connection = 3;
  it.send(reconfigure{wider});
  CAF_CHECK_EQUAL(it.look().waiting, 0u);
  CAF_CHECK_EQUAL(it.look().leases, 10u);
  // A smaller maximum cuts nobody and lets nobody in.
  auto smaller = small_pool();
  smaller.max_pool_size = 3;
  smaller.pool_size = 1;
  it.send(reconfigure{smaller});
  CAF_CHECK_EQUAL(it.look().leases, 10u);
  CAF_CHECK_EQUAL(it.look().members.size(), 4u);
  CAF_CHECK(it.dial().notes->refused);
  const auto waits = it.request();
  CAF_CHECK(it.carrier(waits) == nullptr);
  for (const auto id : all)
    it.finish(*it.carrier(id), id);
  CAF_CHECK(it.carrier(waits) != nullptr);
  CAF_CHECK_EQUAL(it.look().leases, 1u);
  it.pass(301s);
  CAF_CHECK_EQUAL(it.look().usable, 1u);
}

CAF_TEST(a_moving_request_never_waits_and_never_goes_to_another_agent) {
  pool_script it{small_pool()};
  const auto mine = it.dial(1);
  const auto other = it.dial(2);
  for (int i = 0; i < 6; ++i)
    it.request();
  const auto moved = it.request(uint8_t{1});
  CAF_CHECK_EQUAL(it.carrier(moved)->name, mine.name); // beyond the cap
  const auto lost = it.request(uint8_t{9});
  CAF_CHECK(it.carrier(lost) == nullptr);
  CAF_REQUIRE_EQUAL(it.told->failed_leases.size(), 1u);
  CAF_CHECK_EQUAL(it.told->failed_leases[0].exchange->id(), lost);
}
