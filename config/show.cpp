#include "config/show.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

json show(const pool& pool) {
  return {{"enabled", pool.enabled},
          {"pool_size", pool.pool_size},
          {"max_pool_size", pool.max_pool_size},
          {"idle_timeout", pool.idle_timeout.count()},
          {"max_lifetime", pool.max_lifetime.count()},
          {"max_requests_per_connection", pool.max_requests_per_connection},
          {"max_waiting", pool.max_waiting},
          {"acquire_timeout", pool.acquire_timeout.count()},
          {"ping_interval", pool.ping_interval.count()},
          {"stall_timeout", pool.stall_timeout.count()},
          {"ping_timeout", pool.ping_timeout.count()},
          {"target_utilization", pool.target_utilization},
          {"utilization_hysteresis", pool.utilization_hysteresis},
          {"growth_cooldown", pool.growth_cooldown.count()},
          {"lifetime_grace", pool.lifetime_grace.count()},
          {"ejection_failures", pool.ejection_failures},
          {"ejection_time", pool.ejection_time.count()},
          {"max_ejection_percent", pool.max_ejection_percent},
          {"restart_intensity", pool.restart_intensity},
          {"restart_window", pool.restart_window.count()}};
}

json show(const config::http& http) {
  return {{"max_header_bytes", http.max_header_bytes},
          {"max_headers", http.max_headers},
          {"max_body_bytes", http.max_body_bytes},
          {"header_timeout", http.header_timeout.count()},
          {"body_timeout", http.body_timeout.count()},
          {"idle_timeout", http.idle_timeout.count()},
          {"first_byte_timeout", http.first_byte_timeout.count()},
          {"write_timeout", http.write_timeout.count()},
          {"min_receive_rate", http.min_receive_rate},
          {"min_send_rate", http.min_send_rate},
          {"half_close_timeout", http.half_close_timeout.count()},
          {"continue_timeout", http.continue_timeout.count()},
          {"discard_timeout", http.discard_timeout.count()},
          {"discard_bytes", http.discard_bytes},
          {"error_detail", http.error_detail}};
}

constexpr auto masked = "***";

} // namespace

json show(const tunnel& tunnel) {
  auto websocket = show(tunnel.websocket_pool);
  websocket["fallback_enabled"] = tunnel.fallback.enabled;
  websocket["fallback_threshold"] = tunnel.fallback.threshold;
  return {{"enabled", tunnel.enabled},
          {"servers", tunnel.servers},
          {"password", masked},
          {"websocket_pool", std::move(websocket)},
          {"grpc_pool", show(tunnel.grpc_pool)},
          {"poll_pool", show(tunnel.poll_pool)},
          {"fallback",
           {{"hold_down", tunnel.fallback.hold_down.count()},
            {"max_hold_down", tunnel.fallback.max_hold_down.count()},
            {"good_probes", tunnel.fallback.good_probes},
            {"probe_timeout", tunnel.fallback.probe_timeout.count()}}},
          {"max_endpoints", tunnel.max_endpoints},
          {"exchange_window", tunnel.exchange_window},
          {"reconnect_grace", tunnel.reconnect_grace.count()},
          {"resume_time", tunnel.resume_time.count()}};
}

namespace {

json show(const health_check& check) {
  auto expected = json::array();
  for (const auto& each : check.expect)
    if (each.low == each.high)
      expected.push_back(each.low);
    else
      expected.push_back(each.str());
  return {{"path", check.path},
          {"interval", check.interval.count()},
          {"timeout", check.timeout.count()},
          {"expect", std::move(expected)},
          {"fall", check.fall},
          {"rise", check.rise}};
}

} // namespace

json show(const mapping& rule) {
  json out{{"from", rule.from.str()},
           {"to", rule.to.str()},
           {"allow_encoded_slash", rule.allow_encoded_slash}};
  if (rule.tunnels.empty())
    return out;
  using kind = stickiness::kind;
  const auto& by = rule.sticky_by;
  out["via"] = {{"tunnels", rule.tunnels},
                {"balance", to_string(rule.balance)},
                {"sticky_by", by.by == kind::address  ? "address"
                              : by.by == kind::cookie ? "cookie:" + by.name
                                                      : "header:" + by.name}};
  if (!rule.endpoints.empty())
    out["via"]["endpoints"] = rule.endpoints;
  if (rule.health)
    out["health"] = show(*rule.health);
  return out;
}

json show(const node& config) {
  auto out = show_frame(config);
  out["tunnels"] = json::object();
  out["mappings"] = json::array();
  for (const auto& [name, tunnel] : config.tunnels)
    out["tunnels"][name] = show(tunnel);
  for (const auto& rule : config.mappings)
    out["mappings"].push_back(show(rule));
  return out;
}

json show_frame(const node& config) {
  json out{{"servers", json::object()},
           {"trusted_proxies", config.trusted_proxies}};
  for (const auto& [name, server] : config.servers)
    out["servers"][name] = {{"host", server.host},
                            {"port", server.port},
                            {"agents", server.agents},
                            {"trusted_proxies", server.trusted_proxies},
                            {"http", show(server.http)}};
  if (const auto& admin = config.admin) {
    out["admin"] = {{"host", admin->host},
                    {"port", admin->port},
                    {"keep_exchanges", admin->keep_exchanges},
                    {"actor_metrics", admin->actor_metrics}};
    if (!admin->token.empty())
      out["admin"]["token"] = masked;
  }
  out["log"] = {{"level", config.log.level},
                {"format", config.log.format},
                {"requests", config.log.requests},
                {"components", config.log.components}};
  const auto& limits = config.limits;
  out["limits"] = {
    {"max_connections", limits.max_connections},
    {"max_connections_per_address", limits.max_connections_per_address},
    {"max_unauthenticated", limits.max_unauthenticated},
    {"max_unauthenticated_per_address",
     limits.max_unauthenticated_per_address},
    {"address_share", limits.address_share},
    {"trusted", limits.trusted}};
  out["io"] = {{"threads", config.io.threads}};
  if (!config.dns.servers.empty())
    out["dns"] = {{"servers", config.dns.servers}};
  const auto& targets = config.targets;
  out["targets"] = {{"connect_timeout", targets.connect_timeout.count()},
                    {"read_timeout", targets.read_timeout.count()},
                    {"send_timeout", targets.send_timeout.count()},
                    {"min_rate", targets.min_rate}};
  return out;
}

} // namespace aps::config
