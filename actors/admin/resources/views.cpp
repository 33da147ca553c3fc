#include "actors/admin/resources/endpoint_rows.hpp"
#include "actors/admin/router.hpp"
#include "actors/base/transports.hpp"
#include "actors/watch/event_text.hpp"
#include "actors/watch/stats.hpp"
#include "config/show.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace aps::admin {

using nlohmann::json;

namespace {

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

// All of a tunnel but its endpoints.
json show_head(const tunnel_snapshot& tunnel, bool enabled) {
  json out{{"name", tunnel.name},
           {"enabled", enabled},
           {"summary", show_summary(tunnel.sums)},
           {"fallback_enabled", tunnel.fallback_enabled},
           {"fallback_mode", word_of(tunnel.mode)},
           {"problem", tunnel.problem}};
  for (const auto& row : transport_table)
    if (row.steered)
      out[std::string(row.name) + "_enabled"]
        = tunnel.enabled[index_of(row.kind)];
  return out;
}

using show_tunnel_head
  = std::function<std::string(const tunnel_snapshot&, bool enabled)>;

// Tunnels with the list of their endpoints, those that are switched off last;
// `head` opens each.
void add_rows(long_text& to, const context& context,
              const node_snapshot_ptr& now,
              const show_tunnel_head& head, bool with_connections) {
  auto rows = rows_of(*now);
  const auto count = rows.size();
  to.pieces(count, [now, rows = std::move(rows), head,
                    with_connections,
                    between = separator{}](size_t i, std::string& to) mutable {
    const auto& row = rows[i];
    if (row.first) {
      between(to);
      to += head(*row.tunnel, true) + "\"endpoints\":[";
    } else {
      to += ",\n";
    }
    if (row.endpoint)
      to += on_a_line(aps::show(*row.endpoint, with_connections));
    if (row.last)
      to += "]}";
  });
  std::vector<tunnel_snapshot> off;
  const auto config = context.node->config();
  for (const auto& [name, settings] : config->tunnels)
    if (!settings.enabled)
      off.push_back({.name = name,
                     .fallback_enabled = settings.fallback.enabled,
                     .enabled = enabled_pools(settings.pools),
                     .endpoints = {}});
  const auto off_count = off.size();
  to.pieces(off_count, [off = std::move(off), head,
                        follows = !now->tunnels.empty()](size_t i,
                                                         std::string& to) {
    if (follows || i > 0)
      to += ",\n";
    to += head(off[i], false) + "\"endpoints\":[]}";
  });
}

// One list, with what `show` finds for an endpoint.
void answer_list(const call& call, const node_snapshot_ptr& now,
                 std::string_view name,
                 std::function<void(const endpoint_row&, std::string& to,
                                    separator& between)> show) {
  auto rows = rows_of(*now);
  const auto count = rows.size();
  long_text body;
  body.text("{\"" + std::string(name) + "\":[");
  body.pieces(count, [now, rows = std::move(rows), show = std::move(show),
                      between = separator{}](size_t i,
                                             std::string& to) mutable {
    if (rows[i].endpoint)
      show(rows[i], to, between);
  });
  call.answer_in_steps(std::move(body.text("]}\n")));
}

} // namespace

// -- parts --------------------------------------------------------------------

json show_node(const context& context) {
  const auto now = wall_clock_ms();
  return {{"id", context.node->node_id},
          {"version", context.options.version},
          {"started_ms", context.started_ms},
          {"uptime_seconds", double(now - context.started_ms) / 1000},
          {"time_ms", now},
          {"draining", context.draining->load()},
          {"config_stale", context.config_stale->load()}};
}

json show_totals(const exchange_totals& totals) {
  return {{"started", totals.started},   {"finished", totals.finished},
          {"failed", totals.failed},     {"live", totals.live()},
          {"moved", totals.moved},       {"bytes_up", totals.bytes_up},
          {"bytes_down", totals.bytes_down}};
}

void add_tunnels(long_text& to, const context& context,
                 const node_snapshot_ptr& now, bool with_connections) {
  add_rows(to, context, now,
           [](const tunnel_snapshot& tunnel, bool enabled) {
             return opened(show_head(tunnel, enabled));
           }, with_connections);
}

// -- resources ----------------------------------------------------------------

void get_stats(const call& call) {
  const auto choice = read_endpoint_choice(call);
  if (!choice)
    return;
  call.with_counts([call, choice](const monitor_counts& counts) {
    call.with_endpoints(*choice, [call, choice,
                                  counts](const node_snapshot_ptr& now) {
      const auto& context = call.known();
      const auto config = context.node->config();
      auto body
        = make_stats(*now, *config, compat::running_actors(context.system));
      body["node"] = show_node(context);
      body["exchanges"] = show_totals(context.recorders->totals());
      auto by_kind = json::object();
      for (size_t i = 0; i < counts.by_kind.size(); ++i)
        if (counts.by_kind[i] > 0)
          by_kind[to_string(static_cast<event_kind>(i))] = counts.by_kind[i];
      body["events"] = {{"serial", counts.serial},
                        {"counts", std::move(by_kind)},
                        {"subscribers", counts.subscribers}};
      if (context.node->limits)
        for (const auto& row : limit_table)
          body["limits"][std::string(row.name)]
            = context.node->limits->count(row.kind);
      long_text all;
      all.text(opened(body) + "\n\"tunnels\":{");
      add_rows(all, context, now,
               [](const tunnel_snapshot& tunnel, bool enabled) {
                 auto head = show_head(tunnel, enabled);
                 head.erase("name");
                 return on_a_line(tunnel.name) + ":" + opened(head);
               }, choice->connections);
      call.answer_in_steps(std::move(all.text("}}\n")));
    });
  });
}

void get_tunnels(const call& call) {
  const auto choice = read_endpoint_choice(call);
  if (!choice)
    return;
  call.with_endpoints(*choice, [call, choice](const node_snapshot_ptr& now) {
    long_text body;
    body.text("{\"tunnels\":[");
    add_tunnels(body, call.known(), now, choice->connections);
    call.answer_in_steps(std::move(body.text("]}\n")));
  });
}

void get_endpoints(const call& call) {
  const auto choice = read_endpoint_choice(call);
  if (!choice)
    return;
  call.with_endpoints(*choice, [call, choice](const node_snapshot_ptr& now) {
    answer_list(call, now, "endpoints",
                [with_connections = choice->connections](
                  const endpoint_row& row, std::string& to,
                  separator& between) {
                  auto shown = aps::show(*row.endpoint, with_connections);
                  shown["tunnel"] = row.tunnel->name;
                  if (with_connections)
                    shown["sessions"] = sessions_of(*row.endpoint);
                  between(to);
                  to += on_a_line(shown);
                });
  });
}

void get_connections(const call& call) {
  const auto choice = read_named_endpoints(call);
  call.with_endpoints(choice, [call](const node_snapshot_ptr& now) {
    answer_list(call, now, "connections",
                [name = call.parameter("name")](const endpoint_row& row,
                                                std::string& to,
                                                separator& between) {
                  for (const auto& pool : row.endpoint->controller.pools)
                    for (const auto& member : pool.members) {
                      if (name && *name != member.name)
                        continue;
                      auto shown = aps::show(member);
                      shown["tunnel"] = row.tunnel->name;
                      shown["endpoint"] = row.endpoint->name;
                      shown["transport"] = to_string(pool.transport);
                      between(to);
                      to += on_a_line(shown);
                    }
                });
  });
}

void get_config(const call& call) {
  const auto config = call.known().node->config();
  using item = decltype(config->tunnels)::value_type;
  std::vector<const item*> tunnels;
  for (const auto& one : config->tunnels)
    tunnels.push_back(&one);
  const auto count = tunnels.size();
  long_text body;
  body.text("{\"config\":" + opened(config::show_frame(*config))
            + "\n\"tunnels\":{");
  body.pieces(count, [config, tunnels = std::move(tunnels),
                      between = separator{}](size_t i,
                                             std::string& to) mutable {
    between(to);
    const auto& [name, settings] = *tunnels[i];
    to += on_a_line(name) + ":" + on_a_line(config::show(settings));
  });
  body.text("},\n\"mappings\":[");
  body.pieces(config->mappings.size(),
              [config, between = separator{}](size_t i,
                                              std::string& to) mutable {
                between(to);
                to += on_a_line(config::show(config->mappings[i]));
              },
              500);
  call.answer_in_steps(std::move(body.text("]}}\n")));
}

void get_health(const call& call) {
  call.answer(200, {{"status", "ok"}});
}

void get_readiness(const call& call) {
  call.with_node([call](const node_snapshot_ptr& now) {
    auto body = make_readiness(*now);
    const uint16_t status = body["ready"] ? 200 : 503;
    call.answer(status, body);
  });
}

void get_metrics(const call& call) {
  call.with_node([call](const node_snapshot_ptr& now) {
    const auto& metrics = call.known().metrics;
    long_text body;
    // One scrape at a time: who comes meanwhile gets what is known.
    if (const auto turn = metrics->begin()) {
      const auto rows = rows_of(*now);
      body.pieces(rows.size(), [metrics, now, rows, turn](size_t i,
                                                          std::string&) {
        // Of one that is silent nothing is known, not even zero.
        if (rows[i].first && rows[i].tunnel->problem.empty())
          metrics->add(rows[i].tunnel->name);
        if (rows[i].endpoint)
          metrics->add(rows[i].tunnel->name, *rows[i].endpoint);
      });
      body.pieces(1, [metrics, turn](size_t, std::string&) {
        metrics->finish();
      });
    }
    // Made when its turn comes: what is gone is known then.
    auto text = std::make_shared<std::optional<metrics_text>>();
    body.steps([text, metrics,
                &registry = call.known().system.metrics()](std::string& to) {
      if (!*text)
        text->emplace(registry, metrics->gone());
      return (*text)->step(to);
    });
    call.answer_in_steps(std::move(body), metrics_type);
  });
}

} // namespace aps::admin
