#define CAF_SUITE pool

#include "tests/actors/pool_script.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

CAF_TEST(its_figures_say_what_its_snapshot_says) {
  pool_script it{small_pool()};
  // Members, busy ones, waiting requests, and whether it is weak.
  const auto told = [&] {
    const size_t size = it.figures->size;
    const size_t busy = it.figures->busy;
    const size_t waiting = it.figures->waiting;
    const bool weak = it.figures->weak;
    const auto all = it.look();
    size_t in_use = 0;
    for (const auto& member : all.members)
      in_use += member.in_flight > 0;
    CAF_CHECK_EQUAL(size, all.members.size());
    CAF_CHECK_EQUAL(busy, in_use);
    CAF_CHECK_EQUAL(waiting, all.waiting);
    CAF_CHECK_EQUAL(weak, !all.degraded.empty() || all.usable < all.min_size);
    return std::to_string(size) + " " + std::to_string(busy) + " "
           + std::to_string(waiting) + (weak ? " weak" : "");
  };
  CAF_CHECK_EQUAL(told(), "0 0 0 weak");
  const auto lines = it.dial(2, 1);
  CAF_CHECK_EQUAL(told(), "2 0 0");
  std::vector<exchange_id> ids;
  for (int i = 0; i < 6; ++i)
    ids.push_back(it.request());
  CAF_CHECK_EQUAL(told(), "2 2 2");
  const auto* carrier = it.carrier(ids[0]);
  CAF_REQUIRE(carrier);
  it.finish(*carrier, ids[0]);
  CAF_CHECK_EQUAL(told(), "2 2 1");
  it.lose(lines[0]);
  CAF_CHECK_EQUAL(told(), "1 1 1 weak");
  it.lose(lines[1]);
  CAF_CHECK_EQUAL(told(), "0 0 0 weak");
  it.dial(3, 1);
  CAF_CHECK_EQUAL(told(), "3 0 0");
  it.pass(6s);
  it.send(drain{});
  CAF_CHECK_EQUAL(told(), "3 0 0 weak");
}

CAF_TEST(nobody_comes_in_beyond_the_maximum) {
  pool_script it{small_pool()};
  it.dial(4, 1);
  const auto fifth = it.dial();
  CAF_CHECK_EQUAL(it.look().members.size(), 4u);
  CAF_REQUIRE(fifth.notes->refused);
  CAF_CHECK(fifth.notes->refused->why == refusal::pool_full);
  CAF_CHECK(fifth.notes->refused->retry_after_ms >= 1000);
  CAF_CHECK_EQUAL(it.look().refused_total, 1u);
}

CAF_TEST(another_agent_gets_a_place_in_a_full_pool) {
  pool_script it{small_pool()};
  const auto first = it.dial(4, 1);
  it.told->wishes.clear();
  const auto other = it.dial(2);
  CAF_REQUIRE(other.notes->refused); // for now
  const auto gone = std::find_if(first.begin(), first.end(), [](auto& one) {
    return !one.notes->retired.empty();
  });
  CAF_REQUIRE(gone != first.end());
  it.lose(*gone, link_error::none);
  it.pass(500ms);
  CAF_CHECK(it.told->wishes.empty()); // the place is kept
  const auto again = it.dial(2);
  CAF_CHECK_EQUAL(again.notes->admissions, 1);
  CAF_CHECK(!again.notes->refused);
  CAF_CHECK_EQUAL(it.look().members.size(), 4u);
}

CAF_TEST(a_newer_session_takes_the_place_of_the_older_at_once) {
  pool_script it{small_pool()};
  const auto old = it.dial(2, 1);
  const auto id = it.request();
  it.send(session_replaced{session_id{1}});
  CAF_CHECK(it.look().members.empty());
  CAF_CHECK(old[0].notes->refused->why == refusal::replaced);
  CAF_REQUIRE_EQUAL(it.told->orphans.size(), 1u);
  CAF_CHECK(it.told->orphans[0].session_over);
  CAF_CHECK_EQUAL(it.told->orphans[0].jobs[0].exchange->id(), id);
  const auto fresh = it.dial(2, 2);
  // Late clean-up of the old one changes nothing.
  it.lose(old[0]);
  it.crash(old[1]);
  it.send(returned{old[0].actor, id, outcome::ok});
  CAF_CHECK_EQUAL(it.look().members.size(), 2u);
  CAF_CHECK_EQUAL(it.look().lost_total, 0u);
  CAF_CHECK(it.carrier(it.request())->session == session_id{2});
}

CAF_TEST(draining_refuses_who_waits_and_retires_all) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  std::vector<exchange_id> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(it.request());
  it.send(drain{});
  CAF_CHECK(it.failure(all[5]) == outcome::draining);
  CAF_CHECK(!it.failure(all[0]));
  for (const auto& one : lines)
    CAF_CHECK_EQUAL(one.notes->retired.size(), 1u);
  CAF_CHECK(it.dial().notes->refused->why == refusal::draining);
}
