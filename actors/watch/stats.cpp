#include "actors/watch/stats.hpp"
#include "actors/base/transports.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps {

using nlohmann::json;

namespace {

double to_ms(duration value) {
  return std::chrono::duration<double, std::milli>(value).count();
}

} // namespace

std::string_view state_of(const target_snapshot& target) noexcept {
  return target.down ? "down" : "rests";
}

json show(const connection_snapshot& member) {
  const auto& health = member.health;
  return {{"name", member.name},
          {"peer", member.peer},
          {"session", member.session},
          {"credential", member.credential},
          {"in_flight", member.in_flight},
          {"draining", member.draining},
          {"ejected", member.ejected},
          {"drained", member.drained},
          {"rtt_ms", health.latency_ms},
          {"age_seconds", member.age_s},
          {"score", health.score()},
          {"score_terms",
           {{"failures", health.failures},
            {"resets", health.resets},
            {"age", health.age},
            {"penalty", health.penalty()}}},
          {"bytes_in", member.bytes_in},
          {"bytes_out", member.bytes_out},
          {"queued_bytes", member.queued}};
}

namespace {

json show(const pool_snapshot& pool) {
  return {{"tunnel", pool.tunnel},
          {"endpoint", pool.endpoint},
          {"transport", to_string(pool.transport)},
          {"size", pool.members.size()},
          {"pool_size", pool.min_size},
          {"max_pool_size", pool.max_size},
          {"leases", pool.leases},
          {"waiting", pool.waiting},
          {"usable", pool.usable},
          {"asked", pool.asked},
          {"sizing",
           {{"target_size", pool.target_size},
            {"utilization", pool.utilization},
            {"reason", pool.sizing_reason}}},
          {"degraded", pool.degraded},
          {"leased_total", pool.leased_total},
          {"opened_total", pool.opened_total},
          {"lost_total", pool.lost_total},
          {"ejected_total", pool.ejected_total},
          {"moved_total", pool.moved_total},
          {"refused_total", pool.refused_total}};
}

json show_members(const pool_snapshot& pool) {
  auto out = json::array();
  for (const auto& member : pool.members)
    out.push_back(show(member));
  return out;
}

} // namespace

json show(const endpoint_snapshot& endpoint, bool with_connections) {
  const auto& controller = endpoint.controller;
  auto pools = json::array();
  for (const auto& pool : controller.pools) {
    pools.push_back(show(pool));
    if (with_connections)
      pools.back()["connections"] = show_members(pool);
  }
  json fallback{{"state", controller.state},
                {"mode", word_of(controller.mode)},
                {"reason", controller.reason},
                {"since_seconds", controller.in_state_s},
                {"next_probe_seconds", nullptr},
                {"consecutive_failures", controller.consecutive_failures},
                {"switches", controller.switches},
                {"waiting_for_session", controller.moving}};
  if (controller.next_probe_s)
    fallback["next_probe_seconds"] = *controller.next_probe_s;
  auto unhealthy = json::array();
  for (const auto& one : endpoint.unhealthy)
    unhealthy.push_back({{"mapping", one.mapping},
                         {"target", one.target},
                         {"session", one.session},
                         {"state", state_of(one)},
                         {"reason", one.reason}});
  return {{"name", endpoint.name},
          {"live_connections", endpoint.live},
          {"in_flight", endpoint.in_flight},
          {"latency_ms", to_ms(endpoint.latency)},
          {"penalty", endpoint.penalty},
          {"drained", endpoint.drained},
          {"unhealthy", std::move(unhealthy)},
          {"fallback", std::move(fallback)},
          {"pools", std::move(pools)}};
}

namespace {

// By tunnel, of the transport that is preferred.
json stats_of_tunnels(const node_snapshot& snapshot, size_t transport) {
  auto details = json::object();
  for (const auto& tunnel : snapshot.tunnels)
    if (tunnel.enabled[transport] && tunnel.problem.empty())
      details[tunnel.name]
        = {{"endpoints", tunnel.sums.live},
           {"streams", tunnel.sums.pools[transport].connections}};
  const auto count = details.size();
  return {{"tunnels", count}, {"tunnel_details", std::move(details)}};
}

json stats_of_pools(const node_snapshot& snapshot, size_t transport) {
  pool_sums all;
  for (const auto& tunnel : snapshot.tunnels) {
    const auto& sums = tunnel.sums.pools[transport];
    all.pools += sums.pools;
    all.connections += sums.connections;
    all.busy += sums.busy;
  }
  return {{"pools", all.pools},
          {"total_connections", all.connections},
          {"active_connections", all.busy}};
}

} // namespace

json make_stats(const node_snapshot& snapshot, const config::node& config,
                size_t running_actors) {
  const auto fallback = std::any_of(
    config.tunnels.begin(), config.tunnels.end(),
    [](const auto& entry) { return entry.second.fallback.enabled; });
  json out{{"fallback_enabled", fallback},
           {"actors", {{"running", running_actors}}}};
  for (size_t i = 0; const auto& row : transport_table) {
    if (row.steered)
      out[std::string(row.name)] = row.kind == preferred_transport
                                     ? stats_of_tunnels(snapshot, i)
                                     : stats_of_pools(snapshot, i);
    ++i;
  }
  return out;
}

json make_readiness(const node_snapshot& snapshot) {
  // Enough to see where to look.
  constexpr size_t most = 1000;
  auto missing = json::array();
  auto unknown = json::array();
  size_t count = 0;
  for (const auto& tunnel : snapshot.tunnels) {
    if (!tunnel.problem.empty() && unknown.size() < most)
      unknown.push_back({{"tunnel", tunnel.name}, {"problem", tunnel.problem}});
    for (const auto& endpoint : tunnel.endpoints)
      for (const auto& pool : endpoint.controller.pools)
        if ((endpoint.live == 0 || !pool.members.empty())
            && pool.usable < pool.min_size && ++count <= most)
          missing.push_back({{"tunnel", tunnel.name},
                             {"endpoint", endpoint.name},
                             {"transport", to_string(pool.transport)},
                             {"usable", pool.usable},
                             {"pool_size", pool.min_size}});
  }
  return {{"ready", missing.empty()},
          {"below_pool_size_count", count},
          {"below_pool_size", std::move(missing)},
          {"unknown", std::move(unknown)}};
}

} // namespace aps
