#include "actors/admin/router.hpp"
#include "actors/stats.hpp"
#include "actors/text.hpp"

namespace aps::admin {

using nlohmann::json;

namespace {

int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

bool wanted(const std::optional<std::string>& filter, const std::string& text) {
  return !filter || *filter == text;
}

// The sessions behind an endpoint's connections.
json sessions_of(const endpoint_snapshot& endpoint) {
  std::map<std::string, json> sessions;
  for (const auto& pool : endpoint.controller.pools)
    for (const auto& member : pool.members)
      sessions.try_emplace(member.session, json::array())
        .first->second.push_back(member.name);
  auto out = json::array();
  for (auto& [session, names] : sessions)
    out.push_back({{"session", session}, {"connections", std::move(names)}});
  return out;
}

json show(const config::pool& pool) {
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
          {"write_timeout", http.write_timeout.count()}};
}

constexpr auto masked = "***";

json show(const config::tunnel& tunnel) {
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
          {"exchange_window", tunnel.exchange_window},
          {"reconnect_grace", tunnel.reconnect_grace.count()},
          {"resume_time", tunnel.resume_time.count()}};
}

json show(const config::mapping& rule) {
  json out{{"from", rule.from.str()}, {"to", rule.to.str()}};
  if (rule.tunnels.empty())
    return out;
  using kind = config::stickiness::kind;
  const auto& by = rule.sticky_by;
  out["via"] = {{"tunnels", rule.tunnels},
                {"balance", to_string(rule.balance)},
                {"sticky_by", by.by == kind::address  ? "address"
                              : by.by == kind::cookie ? "cookie:" + by.name
                                                      : "header:" + by.name}};
  if (!rule.endpoints.empty())
    out["via"]["endpoints"] = rule.endpoints;
  return out;
}

json show_tunnel(const tunnel_snapshot& tunnel) {
  auto endpoints = json::array();
  for (const auto& endpoint : tunnel.endpoints)
    endpoints.push_back(aps::show(endpoint));
  return {{"name", tunnel.name},
          {"enabled", true},
          {"fallback_enabled", tunnel.fallback_enabled},
          {"grpc_enabled", tunnel.grpc_enabled},
          {"websocket_enabled", tunnel.websocket_enabled},
          {"fallback_mode", to_string(tunnel.mode)},
          {"endpoints", std::move(endpoints)}};
}

} // namespace

// -- parts --------------------------------------------------------------------

json show_node(const context& where) {
  const auto now = now_ms();
  return {{"id", where.node->node_id},
          {"version", where.options.version},
          {"started_ms", where.started_ms},
          {"uptime_seconds", double(now - where.started_ms) / 1000},
          {"time_ms", now},
          {"draining", where.draining->load()}};
}

json show_totals(const exchange_totals& totals) {
  return {{"started", totals.started},   {"finished", totals.finished},
          {"failed", totals.failed},     {"live", totals.live()},
          {"moved", totals.moved},       {"bytes_up", totals.bytes_up},
          {"bytes_down", totals.bytes_down}};
}

json show_tunnels(const context& where, const node_snapshot& now) {
  auto out = json::array();
  for (const auto& tunnel : now.tunnels)
    out.push_back(show_tunnel(tunnel));
  for (const auto& [name, settings] : where.node->config.tunnels)
    if (!settings.enabled) {
      tunnel_snapshot off{name, settings.fallback.enabled,
                          settings.grpc_pool.enabled,
                          settings.websocket_pool.enabled, {}};
      out.push_back(show_tunnel(off));
      out.back()["enabled"] = false;
    }
  return out;
}

json show_config(const config::node& config) {
  json out{{"servers", json::object()},
           {"tunnels", json::object()},
           {"mappings", json::array()}};
  for (const auto& [name, server] : config.servers)
    out["servers"][name] = {{"host", server.host},
                            {"port", server.port},
                            {"http", show(server.http)}};
  for (const auto& [name, tunnel] : config.tunnels)
    out["tunnels"][name] = show(tunnel);
  for (const auto& rule : config.mappings)
    out["mappings"].push_back(show(rule));
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
  out["io"] = {{"threads", config.io.threads}};
  return out;
}

// -- resources ----------------------------------------------------------------

void get_stats(const call& what) {
  what.with_counts([what](const monitor_counts& counts) {
    what.with_node([what, counts](const node_snapshot& now) {
      const auto& where = what.where();
      auto body = make_stats(now, where.node->config,
                             compat::running_actors(where.system));
      body["node"] = show_node(where);
      body["exchanges"] = show_totals(where.recorders->totals());
      auto by_kind = json::object();
      for (size_t i = 0; i < counts.by_kind.size(); ++i)
        if (counts.by_kind[i] > 0)
          by_kind[to_string(static_cast<event_kind>(i))] = counts.by_kind[i];
      body["events"] = {{"serial", counts.serial},
                        {"counts", std::move(by_kind)},
                        {"subscribers", counts.subscribers}};
      what.answer(200, body);
    });
  });
}

void get_tunnels(const call& what) {
  what.with_node([what](const node_snapshot& now) {
    what.answer(200, {{"tunnels", show_tunnels(what.where(), now)}});
  });
}

void get_endpoints(const call& what) {
  what.with_node([what](const node_snapshot& now) {
    const auto tunnel_name = what.parameter("tunnel");
    auto out = json::array();
    for (const auto& tunnel : now.tunnels)
      for (const auto& endpoint : tunnel.endpoints) {
        if (!wanted(tunnel_name, tunnel.name))
          continue;
        auto shown = aps::show(endpoint);
        shown["tunnel"] = tunnel.name;
        shown["sessions"] = sessions_of(endpoint);
        out.push_back(std::move(shown));
      }
    what.answer(200, {{"endpoints", std::move(out)}});
  });
}

void get_connections(const call& what) {
  what.with_node([what](const node_snapshot& now) {
    const auto tunnel_name = what.parameter("tunnel");
    const auto name = what.parameter("name");
    auto out = json::array();
    for (const auto& tunnel : now.tunnels)
      for (const auto& endpoint : tunnel.endpoints)
        for (const auto& pool : endpoint.controller.pools)
          for (const auto& member : pool.members) {
            if (!wanted(tunnel_name, tunnel.name) || !wanted(name, member.name))
              continue;
            auto shown = aps::show(member);
            shown["tunnel"] = tunnel.name;
            shown["endpoint"] = endpoint.name;
            shown["transport"] = to_string(pool.transport);
            out.push_back(std::move(shown));
          }
    what.answer(200, {{"connections", std::move(out)}});
  });
}

void get_config(const call& what) {
  what.answer(200, {{"config", show_config(what.where().node->config)}});
}

void get_health(const call& what) {
  what.answer(200, {{"status", "ok"}});
}

void get_readiness(const call& what) {
  what.with_node([what](const node_snapshot& now) {
    auto body = make_readiness(now);
    const uint16_t status = body["ready"] ? 200 : 503;
    what.answer(status, body);
  });
}

void get_metrics(const call& what) {
  what.with_node([what](const node_snapshot& now) {
    const auto& where = what.where();
    where.metrics->update(now);
    what.answer_bytes(200, "text/plain; version=0.0.4; charset=utf-8",
                      render_metrics(where.system.metrics()),
                      {{"Cache-Control", "no-store"}});
  });
}

} // namespace aps::admin
