// Built with the files of added.py: one more kind, row and pool.
#define CAF_SUITE fourth_transport

#include "actors/base/transports.hpp"
#include "actors/watch/stats.hpp"
#include "config/show.hpp"
#include "tests/simulation/seeded_runs.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using namespace aps::test;

namespace {

constexpr auto memory = transport_kind::memory;
constexpr auto at = index_of(memory);

config::pool& pool_of(world_options& options) {
  return options.tunnel.pools[at];
}

const pool_snapshot& pool_of(const controller_snapshot& endpoint,
                             transport_kind transport) {
  const auto found = std::find_if(
    endpoint.pools.begin(), endpoint.pools.end(),
    [&](const auto& pool) { return pool.transport == transport; });
  CAF_REQUIRE(found != endpoint.pools.end());
  return *found;
}

controller_snapshot endpoint_of(world& w) {
  return w.snapshot().tunnels.at(0).endpoints.at(0).controller;
}

} // namespace

CAF_TEST(its row is all that is known of it) {
  CAF_CHECK_EQUAL(transport_kinds, 4u);
  CAF_CHECK(last_transport == memory);
  const auto* row = transport_named("memory");
  CAF_REQUIRE(row != nullptr);
  CAF_CHECK(row->kind == memory);
  CAF_CHECK_EQUAL(to_string(log_of(memory)), "memory-pool");
  CAF_CHECK(mode_named("memory") == memory);
}

CAF_TEST(its pools are configured and shown) {
  const auto parsed = config::parse(
    R"({"servers": {"main": 8080}, "tunnels": {"t": {"password": "p",
        "memory_pool": {"pool_size": 3}}}, "mappings": []})");
  CAF_REQUIRE(std::holds_alternative<config::node>(parsed));
  const auto& all = std::get<config::node>(parsed);
  const auto& tunnel = all.tunnels.at("t");
  CAF_CHECK_EQUAL(tunnel.pools[at].pool_size, 3u);
  CAF_CHECK_EQUAL(tunnel.pools[at].max_pool_size, 5u);
  CAF_CHECK(config::show(tunnel)["memory_pool"]["pool_size"] == 3);
  CAF_CHECK(make_stats({}, all, 0).contains("memory"));
}

CAF_TEST(requests over it survive the death of its connections) {
  run_seeds(40, true, [](world_options& o) {
    o.transports = {memory};
    o.cut_rate = 0.003;
    pool_of(o).acquire_timeout = config::seconds{60};
  });
}

CAF_TEST(requests survive when all transports vanish and return ) {
  run_seeds(20, true, [](world_options& o) {
    o.transports = {all_transports.begin(), all_transports.end()};
    o.cut_rate = 0.001;
    o.blackout_rate = 0.001;
    pool_of(o).acquire_timeout = config::seconds{60};
  });
}

CAF_TEST(the breaker falls back to it and returns) {
  world_options options;
  options.cut_rate = 0;
  options.transports = {preferred_transport, memory};
  world w{options};
  const auto ask_some = [&] {
    for (int i = 0; i < 10; ++i)
      w.ask("GET", "");
    w.settle(std::chrono::seconds(3));
    for (const auto& one : w.requests()) {
      CAF_CHECK(!one->failure);
      CAF_CHECK_EQUAL(one->ends, 1);
      CAF_CHECK_EQUAL(w.executions().count(one->what->id()), 1u);
    }
    return endpoint_of(w);
  };
  w.settle(std::chrono::seconds(3));
  const auto before = ask_some();
  CAF_CHECK(before.choice == preferred_transport);
  CAF_CHECK_EQUAL(pool_of(before, memory).usable, 2u);
  CAF_CHECK_EQUAL(pool_of(before, memory).leased_total, 0u);

  w.take_down(preferred_transport);
  const auto fallen = ask_some();
  CAF_CHECK_EQUAL(fallen.state, "fallback");
  CAF_CHECK(fallen.choice == memory);
  CAF_CHECK(pool_of(fallen, memory).leased_total >= 10);

  w.bring_network_up();
  w.settle(std::chrono::seconds(20));
  const auto after = ask_some();
  CAF_CHECK_EQUAL(after.state, "primary");
  CAF_CHECK_EQUAL(pool_of(after, memory).leased_total,
                  pool_of(fallen, memory).leased_total);
}

CAF_TEST(the node asks for more of its connections by its number) {
  world_options options;
  options.cut_rate = 0;
  options.transports = {memory};
  pool_of(options).max_requests_per_connection = 1;
  world w{options};
  w.settle(std::chrono::seconds(3));
  CAF_CHECK_EQUAL(pool_of(endpoint_of(w), memory).usable, 2u);
  for (int i = 0; i < 5; ++i)
    w.ask("POST", std::string(2000, 'x'));
  w.settle(std::chrono::seconds(10));
  CAF_CHECK(pool_of(endpoint_of(w), memory).opened_total > 2);
  for (const auto& one : w.requests())
    CAF_CHECK(!one->failure);
}
