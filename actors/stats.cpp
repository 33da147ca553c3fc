#include "actors/stats.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps {

using nlohmann::json;

namespace {

json show(const connection_snapshot& member) {
  return {{"name", member.name},       {"peer", member.peer},
          {"session", member.session}, {"in_flight", member.in_flight},
          {"draining", member.draining}, {"rtt_ms", member.rtt_ms},
          {"age_seconds", member.age_s}};
}

json show(const pool_snapshot& pool) {
  auto members = json::array();
  for (const auto& member : pool.members)
    members.push_back(show(member));
  return {{"tunnel", pool.tunnel},
          {"endpoint", pool.endpoint},
          {"transport", to_string(pool.transport)},
          {"size", pool.members.size()},
          {"pool_size", pool.min_size},
          {"max_pool_size", pool.max_size},
          {"leases", pool.leases},
          {"waiting", pool.waiting},
          {"leased_total", pool.leased_total},
          {"connections", std::move(members)}};
}

json show(const endpoint_snapshot& endpoint) {
  const auto& controller = endpoint.controller;
  auto pools = json::array();
  for (const auto& pool : controller.pools)
    pools.push_back(show(pool));
  return {{"name", endpoint.name},
          {"live_connections", endpoint.live},
          {"in_flight", endpoint.in_flight},
          {"fallback",
           {{"state", controller.state},
            {"reason", controller.reason},
            {"consecutive_failures", controller.consecutive_failures},
            {"switches", controller.switches},
            {"waiting_for_session", controller.moving}}},
          {"pools", std::move(pools)}};
}

struct websocket_sums {
  size_t pools = 0;
  size_t total = 0;
  size_t active = 0;

  void add(const pool_snapshot& pool) {
    if (pool.transport != transport_kind::websocket)
      return;
    ++pools;
    total += pool.members.size();
    for (const auto& member : pool.members)
      active += member.in_flight > 0;
  }
};

size_t streams_of(const endpoint_snapshot& endpoint) {
  size_t streams = 0;
  for (const auto& pool : endpoint.controller.pools)
    if (pool.transport == transport_kind::grpc)
      streams += pool.members.size();
  return streams;
}

} // namespace

json make_stats(const node_snapshot& snapshot, const config::node& config) {
  auto details = json::object();
  auto tunnels = json::object();
  websocket_sums sums;
  size_t grpc_tunnels = 0;
  for (const auto& tunnel : snapshot.tunnels) {
    size_t live = 0;
    size_t streams = 0;
    auto endpoints = json::array();
    for (const auto& endpoint : tunnel.endpoints) {
      live += endpoint.live > 0;
      streams += streams_of(endpoint);
      for (const auto& pool : endpoint.controller.pools)
        sums.add(pool);
      endpoints.push_back(show(endpoint));
    }
    tunnels[tunnel.name] = {{"fallback_enabled", tunnel.fallback_enabled},
                            {"endpoints", std::move(endpoints)}};
    if (!tunnel.grpc_enabled)
      continue;
    ++grpc_tunnels;
    details[tunnel.name] = {{"endpoints", live}, {"streams", streams}};
  }
  const auto fallback = std::any_of(
    config.tunnels.begin(), config.tunnels.end(),
    [](const auto& entry) { return entry.second.fallback.enabled; });
  return {{"grpc",
           {{"tunnels", grpc_tunnels}, {"tunnel_details", std::move(details)}}},
          {"websocket",
           {{"pools", sums.pools},
            {"total_connections", sums.total},
            {"active_connections", sums.active}}},
          {"fallback_enabled", fallback},
          {"tunnels", std::move(tunnels)}};
}

} // namespace aps
