#define CAF_SUITE pool_leases

#include "tests/actors/pool_script.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

CAF_TEST(requests_wait_in_order_and_are_served_as_room_appears) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  std::vector<exchange_id> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(it.request());
  CAF_CHECK_EQUAL(peek::waiting(it.state()),
                  (std::vector<exchange_id>{all[4], all[5], all[6], all[7]}));
  it.leave(all[5]); // needs no place any more
  it.finish(*it.carrier(all[0]), all[0]);
  CAF_CHECK(it.carrier(all[4]) != nullptr);
  it.dial();
  CAF_CHECK(it.carrier(all[5]) == nullptr);
  CAF_CHECK(it.carrier(all[6]) != nullptr);
  CAF_CHECK(it.carrier(all[7]) != nullptr);
  CAF_CHECK_EQUAL(it.look().waiting, 0u);
  CAF_CHECK_EQUAL(it.look().leases, 6u);
}

CAF_TEST(an_exclusive_lease_takes_a_connection_for_itself) {
  auto settings = small_pool();
  settings.max_requests_per_connection = 1;
  pool_script it{settings};
  const auto lines = it.dial(2, 1);
  const auto x = it.request();
  const auto y = it.request();
  const auto z = it.request();
  CAF_CHECK_EQUAL(lines[0].notes->carried.size(), 1u);
  CAF_CHECK_EQUAL(lines[1].notes->carried.size(), 1u);
  CAF_CHECK(it.carrier(z) == nullptr);
  it.finish(*it.carrier(y), y);
  CAF_CHECK_EQUAL(it.carrier(z)->name, it.carrier(y)->name);
  CAF_CHECK(it.carrier(x)->name != it.carrier(z)->name);
}

CAF_TEST(a_lease_ends_on_every_path) {
  pool_script it{small_pool()};
  const auto lines = it.dial(4, 1);
  for (const auto how :
       {outcome::ok, outcome::origin_refused, outcome::visitor_gone,
        outcome::first_byte_timeout, outcome::cut}) {
    const auto id = it.request();
    CAF_CHECK_EQUAL(it.look().leases, 1u);
    it.finish(*it.carrier(id), id, how);
    CAF_CHECK_EQUAL(it.look().leases, 0u);
    // Twice does no harm.
    it.send(returned{it.carrier(id)->actor, id, how});
    CAF_CHECK_EQUAL(it.look().leases, 0u);
  }
  const auto lost = it.request();
  it.lose(*it.carrier(lost));
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  const auto crashed = it.request();
  it.crash(*it.carrier(crashed));
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  CAF_CHECK_EQUAL(it.told->orphans.size(), 2u);
  CAF_CHECK_EQUAL(it.look().members.size(), 2u);
  CAF_CHECK_EQUAL(it.look().lost_total, 2u);
}

CAF_TEST(streams leave places for requests) {
  auto settings = small_pool();
  settings.max_pool_size = 1;
  settings.max_requests_per_connection = 80;
  pool_script it{settings};
  const auto lines = it.dial(1, 1);
  std::vector<exchange_id> streams;
  for (int i = 0; i < 60; ++i)
    streams.push_back(it.stream("10.0.0." + std::to_string(i)));
  CAF_CHECK_EQUAL(it.look().leases, 60u); // three quarters of all
  const auto over = it.stream("10.0.1.1");
  CAF_CHECK_EQUAL(it.look().leases, 60u);
  CAF_CHECK_EQUAL(it.look().waiting, 0u);
  CAF_CHECK(it.failure(over) == outcome::pool_exhausted);
  CAF_CHECK(it.carrier(it.request()) != nullptr);
  it.finish(lines[0], streams[0]);
  CAF_CHECK(it.carrier(it.stream("10.0.1.1")) != nullptr);
}

CAF_TEST(a small pool is all for streams where nothing else comes) {
  pool_script it{small_pool()};
  it.dial(4, 1);
  for (int i = 0; i < 8; ++i)
    CAF_CHECK(it.carrier(it.stream("10.0.0.1")) != nullptr);
}
