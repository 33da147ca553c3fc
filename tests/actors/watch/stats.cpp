#define CAF_SUITE stats

#include "actors/watch/stats.hpp"
#include "tests/support/test.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using nlohmann::json;

namespace {

pool_snapshot pool(transport_kind transport, uint32_t usable, uint32_t min_size,
                   const std::vector<uint32_t>& in_flight) {
  pool_snapshot out;
  out.transport = transport;
  out.usable = usable;
  out.min_size = min_size;
  for (const auto busy : in_flight)
    out.members.emplace_back().in_flight = busy;
  return out;
}

endpoint_snapshot endpoint(std::string name, uint32_t live,
                           std::vector<pool_snapshot> pools) {
  endpoint_snapshot out;
  out.name = std::move(name);
  out.live = live;
  out.controller.pools = std::move(pools);
  return out;
}

tunnel_snapshot tunnel(std::string name, bool grpc,
                       std::vector<endpoint_snapshot> endpoints) {
  tunnel_snapshot out;
  out.name = std::move(name);
  out.enabled.front() = grpc;
  for (const auto& one : endpoints) {
    out.sums.live += one.live > 0;
    for (const auto& pool : one.controller.pools) {
      auto& sums = out.sums.pools[index_of(pool.transport)];
      ++sums.pools;
      for (const auto& member : pool.members) {
        ++sums.connections;
        sums.busy += member.in_flight > 0;
      }
    }
  }
  out.endpoints = std::move(endpoints);
  return out;
}

constexpr auto grpc = transport_kind::grpc;
constexpr auto websocket = transport_kind::websocket;

} // namespace

CAF_TEST(sums are over all tunnels and by transport) {
  node_snapshot now{{
    tunnel(
      "a", true,
      {endpoint("x", 2,
                {pool(grpc, 1, 1, {0, 1}), pool(websocket, 3, 3, {0, 2, 1})}),
       endpoint("y", 0, {pool(grpc, 0, 1, {0})})}),
    tunnel("b", false, {endpoint("z", 1, {pool(websocket, 1, 1, {0})})}),
    tunnel("c", true, {}),
  }};
  auto lost = tunnel("d", true, {});
  lost.problem = "no answer";
  now.tunnels.push_back(lost);
  const auto all = make_stats(now, {}, 17);
  CAF_CHECK(all["grpc"]
            == json({{"tunnels", 2},
                     {"tunnel_details",
                      {{"a", {{"endpoints", 1}, {"streams", 3}}},
                       {"c", {{"endpoints", 0}, {"streams", 0}}}}}}));
  CAF_CHECK(
    all["websocket"]
    == json(
      {{"pools", 2}, {"total_connections", 4}, {"active_connections", 2}}));
  CAF_CHECK(all["actors"]["running"] == 17);
}

CAF_TEST(fallback is enabled when one tunnel has it) {
  config::node config;
  CAF_CHECK(make_stats({}, config, 0)["fallback_enabled"] == false);
  config.tunnels["a"].fallback.enabled = false;
  CAF_CHECK(make_stats({}, config, 0)["fallback_enabled"] == false);
  config.tunnels["b"].fallback.enabled = true;
  CAF_CHECK(make_stats({}, config, 0)["fallback_enabled"] == true);
}

CAF_TEST(a node is ready when every pool that is fed is full) {
  const auto ready = [](std::vector<endpoint_snapshot> endpoints) {
    return make_readiness({{tunnel("t", true, std::move(endpoints))}});
  };
  CAF_CHECK(ready({})["ready"] == true);
  CAF_CHECK(ready({endpoint("e", 1, {pool(grpc, 1, 1, {0})})})["ready"]
            == true);
  // Nobody dials over WebSockets here, and that is nobody's fault.
  CAF_CHECK(
    ready({endpoint(
      "e", 1, {pool(grpc, 1, 1, {0}), pool(websocket, 0, 3, {})})})["ready"]
    == true);
  // An endpoint without any connection lacks all of them.
  const auto none = ready(
    {endpoint("e", 0, {pool(grpc, 0, 1, {}), pool(websocket, 0, 3, {})})});
  CAF_CHECK(none["ready"] == false);
  CAF_CHECK(none["below_pool_size_count"] == 2);
  const auto some = ready({endpoint("e", 1, {pool(grpc, 1, 2, {0})})});
  CAF_CHECK(some["below_pool_size"]
            == json::array({{{"tunnel", "t"},
                             {"endpoint", "e"},
                             {"transport", "grpc"},
                             {"usable", 1},
                             {"pool_size", 2}}}));
}

CAF_TEST(a thousand pools are listed and all are counted) {
  std::vector<endpoint_snapshot> many;
  for (int i = 0; i < 1001; ++i)
    many.push_back(endpoint(std::to_string(i), 0, {pool(grpc, 0, 1, {})}));
  const auto all = make_readiness({{tunnel("t", true, many)}});
  CAF_CHECK_EQUAL(all["below_pool_size"].size(), 1000u);
  CAF_CHECK(all["below_pool_size_count"] == 1001);
}

CAF_TEST(a tunnel that did not answer is unknown) {
  auto lost = tunnel("t", true, {});
  lost.problem = "no answer";
  const auto all = make_readiness({{lost}});
  CAF_CHECK(all["ready"] == true); // as far as is known
  CAF_CHECK(all["unknown"]
            == json::array({{{"tunnel", "t"}, {"problem", "no answer"}}}));
}

CAF_TEST(an endpoint shows its connections only to who asks for them) {
  auto now = endpoint("e", 1, {pool(grpc, 1, 1, {5})});
  now.latency = std::chrono::milliseconds(3);
  now.unhealthy = {{7, "http://t", "s", true, "500"},
                   {8, "http://u", "s", false, "refused"}};
  const auto full = show(now);
  CAF_CHECK_EQUAL(full["pools"][0]["connections"].size(), 1u);
  CAF_CHECK(full["pools"][0]["connections"][0]["in_flight"] == 5);
  CAF_CHECK(full["latency_ms"] == 3.0);
  CAF_CHECK(full["unhealthy"][0]["state"] == "down");
  CAF_CHECK(full["unhealthy"][1]["state"] == "rests");
  CAF_CHECK(full["fallback"]["next_probe_seconds"].is_null());
  const auto brief = show(now, false);
  CAF_CHECK(!brief["pools"][0].contains("connections"));
  CAF_CHECK(brief["pools"][0]["size"] == 1);
  now.controller.next_probe_s = 1.5;
  CAF_CHECK(show(now)["fallback"]["next_probe_seconds"] == 1.5);
}
