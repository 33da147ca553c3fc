#define CAF_SUITE limit_log

#include "actors/watch/limit_log.hpp"

#include "actors/watch/event_text.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(the_first_of_an_address_is_told_and_the_rest_of_a_window_summed_up) {
  address_limit uut{8, 10s};
  CAF_CHECK(uut.admit("a", start));
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(!uut.admit("a", start + 1s));
  CAF_CHECK(uut.admit("b", start + 2s));
  CAF_CHECK(uut.expire(start + 9s).empty());
  const auto sums = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(sums.size(), 1u);
  CAF_CHECK_EQUAL(sums[0].address, "a");
  CAF_CHECK_EQUAL(sums[0].left_out, 5u);
  CAF_CHECK(uut.admit("a", start + 10s));
  CAF_CHECK(uut.expire(start + 30s).empty());
  CAF_CHECK(!uut.pending());
}

CAF_TEST(a_flood_of_addresses_takes_the_room_of_a_few) {
  address_limit uut{8, 10s};
  uint64_t told = 0;
  for (int i = 0; i < 10000; ++i)
    told += uut.admit("10.0." + std::to_string(i), start);
  CAF_CHECK_EQUAL(told, 8u);
  CAF_CHECK(uut.size() <= 9);
  const auto sums = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(sums.size(), 1u);
  CAF_CHECK_EQUAL(sums[0].address, "");
  CAF_CHECK_EQUAL(sums[0].left_out, 9992u);
}

CAF_TEST(every_kind_has_its_count_from_the_start) {
  caf::telemetry::metric_registry registry;
  limit_log uut{registry};
  for (const auto& row : limit_table)
    CAF_CHECK_EQUAL(uut.count(row.kind), 0u);
  uut.on_limit(limit::send_rate, "192.0.2.1:1000", "slow");
  uut.on_limit(limit::send_rate, "192.0.2.1:1001", "slow");
  CAF_CHECK_EQUAL(uut.count(limit::send_rate), 2u);
  CAF_CHECK_EQUAL(uut.count(limit::loop), 0u);
}

CAF_TEST(the_address_without_its_port_decides_who_is_told_about) {
  caf::actor_system_config settings;
  settings.set("caf.scheduler.policy", "testing");
  caf::actor_system system{settings};
  limit_log uut{system.metrics()};
  const auto told = std::make_shared<std::vector<event>>();
  auto monitor = test::spawn_note_taker(system, told);
  uut.set_monitor(monitor);
  for (int port = 1000; port < 1100; ++port)
    uut.on_limit(limit::connections, "192.0.2.1:" + std::to_string(port), "");
  CAF_CHECK(uut.pending());
  const auto later = uut.expire(clock_type::now() + 1h);
  CAF_REQUIRE_EQUAL(later.size(), 1u);
  CAF_CHECK_EQUAL(later[0].number, 99u);
  CAF_CHECK_EQUAL(later[0].reason, "connections");
  CAF_CHECK_EQUAL(render(later[0]),
                  "[LIMIT] connections reached by 192.0.2.1 (99 more times)");
  uut.close();
  uut.on_limit(limit::connections, "192.0.2.2", "");
  CAF_CHECK_EQUAL(uut.count(limit::connections), 101u);
  caf::anon_send_exit(monitor, caf::exit_reason::user_shutdown);
  monitor = nullptr;
  // Nothing runs by itself here, and the system waits for its actors.
  dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run();
}

CAF_TEST(visitors_and_who_comes_to_operators_are_summed_up_apart) {
  caf::telemetry::metric_registry registry;
  limit_log uut{registry};
  const auto ask = [&](event_kind kind, int count) {
    int told = 0;
    for (int i = 0; i < count; ++i)
      told += uut.admits(outcome::bad_request, "192.0.2.1", kind);
    return told;
  };
  CAF_CHECK_EQUAL(ask(event_kind::exchange_failed, 3), 1);
  CAF_CHECK_EQUAL(ask(event_kind::admin_refused, 5), 1);
  auto sums = uut.expire(clock_type::now() + 1h);
  CAF_REQUIRE_EQUAL(sums.size(), 2u);
  std::sort(sums.begin(), sums.end(), [](const event& a, const event& b) {
    return a.kind < b.kind;
  });
  CAF_CHECK_EQUAL(render(sums[0]), "[REQUEST] Refused 192.0.2.1 with 400 "
                                   "bad-request: 2 more requests");
  CAF_CHECK_EQUAL(render(sums[1]), "[ADMIN] Refused 4 more requests (from "
                                   "192.0.2.1): bad-request");
}
