#include "actors/admin/router.hpp"
#include "actors/stats.hpp"
#include "actors/text.hpp"
#include "config/show.hpp"

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
  const auto config = where.config->get();
  for (const auto& [name, settings] : config->tunnels)
    if (!settings.enabled) {
      tunnel_snapshot off{name, settings.fallback.enabled,
                          settings.grpc_pool.enabled,
                          settings.websocket_pool.enabled, {}};
      out.push_back(show_tunnel(off));
      out.back()["enabled"] = false;
    }
  return out;
}

// -- resources ----------------------------------------------------------------

void get_stats(const call& what) {
  what.with_counts([what](const monitor_counts& counts) {
    what.with_node([what, counts](const node_snapshot& now) {
      const auto& where = what.where();
      auto body = make_stats(now, *where.config->get(),
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
      if (where.node->limits)
        for (const auto& row : limit_table)
          body["limits"][std::string(row.name)]
            = where.node->limits->count(row.kind);
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
  what.answer(200, {{"config", config::show(*what.where().config->get())}});
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
