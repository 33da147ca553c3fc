#include "actors/admin/router.hpp"

#include "actors/watch/event_kinds.hpp"
#include "transports/seam/outcomes.hpp"

#include <set>

namespace aps::admin {

namespace {

void redirect(const call& call) {
  call.answer_bytes(302, "text/plain; charset=utf-8", "/.admin/\n",
                    {{"Location", "/.admin/"}});
}

using parameter = parameter_of<call>;

std::vector<std::string> known_tunnels(const call& call) {
  std::vector<std::string> out;
  const auto config = call.known().node->config();
  for (const auto& [name, settings] : config->tunnels)
    out.push_back(name);
  return out;
}

// Outcomes and their classes.
std::vector<std::string> known_outcomes(const call&) {
  std::set<std::string> out;
  for (const auto one : all_outcomes()) {
    out.emplace(to_string(one));
    out.emplace(class_of(one));
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> known_kinds(const call&) {
  std::vector<std::string> out;
  for (const auto& row : event_table)
    out.emplace_back(row.name);
  return out;
}

std::vector<std::string> yes_or_no(const call&) {
  return {"0", "1"};
}

// Who asks for the same at once gets one answer.
auto shared(void (*serve)(const call&)) {
  return [serve](const call& call) {
    call.known().answers->serve(
      call.served()->head()->path, call,
      [serve, known = call.known_ptr()](const request& reader) {
        serve({known, reader});
      });
  };
}

} // namespace

const std::vector<resource>& resources() {
  using enum access;
  // Names of what comes and goes (endpoints, connections) are any text.
  static const parameter of_tunnel{"tunnel", "tunnel", known_tunnels};
  static const parameter connections{"connections", "value of connections",
                                     yes_or_no};
  using parameters = std::vector<parameter>;
  static const parameters choice{connections, of_tunnel, {"endpoint"},
                                 {"search"},  {"each"},  {"limit"}};
  static const parameters names{of_tunnel, {"endpoint"}, {"search"}, {"name"}};
  static const parameters rows{{"search"}, {"limit"}};
  static const parameters records{
    {"id"}, of_tunnel, {"outcome", "outcome", known_outcomes}, {"limit"}};
  static const parameters stream{{"kind", "kind of event", known_kinds, true},
                                 of_tunnel,
                                 {"last_event_id"},
                                 {"tunnels", "value of tunnels", yes_or_no}};
  static const parameters address{
    {"url"},    {"method"},      {"user"},
    {"from"},   {"certificate"}, {"origin"},
    {"server"}, {"body_bytes"},  {"header", {}, nullptr, false, true}};
  // Probes and scrapers add some of their own, the panel's router does.
  static const parameters any{{"*"}};
  static const std::vector<resource> table{
    {"GET", "/.api/stats", token, shared(get_stats), choice},
    {"GET", "/.api/tunnels", token, shared(get_tunnels), choice},
    {"GET", "/.api/endpoints", token, shared(get_endpoints), choice},
    {"GET", "/.api/connections", token, shared(get_connections), names},
    {"GET", "/.api/mappings", token, shared(get_mappings), rows},
    {"GET", "/.api/exchanges", token, shared(get_exchanges), records},
    {"GET", "/.api/events", token, get_events, stream},
    {"GET", "/.api/config", token, shared(get_config)},
    {"GET", "/.api/explain", token, get_explanation, address},
    {"GET", "/.api/health", open, get_health, any},
    {"GET", "/.api/ready", open, get_readiness, any},
    {"GET", "/.api/log", token, get_log},
    {"GET", "/.api/openapi.json", token, get_asset},
    {"GET", "/metrics", token, shared(get_metrics), any},
    {"POST", "/.api/log", token, set_log},
    {"POST", "/.api/connections/*/drain", token, drain_connection},
    {"POST", "/.api/connections/*/reconnect", token, reconnect_connection},
    {"POST", "/.api/connections/*/close", token, close_connection},
    {"POST", "/.api/connections/*/fault", token, inject_fault},
    {"POST", "/.api/sessions/*/drain", token, drain_session},
    {"POST", "/.api/sessions/*/undrain", token, undrain_session},
    {"POST", "/.api/sessions/*/reconnect", token, reconnect_session},
    {"POST", "/.api/sessions/*/close", token, close_session},
    {"POST", "/.api/endpoints/*/*/drain", token, drain_endpoint},
    {"POST", "/.api/endpoints/*/*/undrain", token, undrain_endpoint},
    {"POST", "/.api/endpoints/*/*/reconnect", token, reconnect_endpoint},
    {"POST", "/.api/endpoints/*/*/close", token, close_endpoint},
    {"POST", "/.api/tunnels/*/fallback", token, set_fallback},
    {"POST", "/.api/credentials/*/*/revoke", token, revoke_credential},
    {"POST", "/.api/credentials/*/*/restore", token, restore_credential},
    // The panel asks for the token itself.
    {"GET", "/.admin/**", open, get_asset, any},
    {"GET", "/.admin", open, redirect, any},
    {"GET", "/", open, redirect, any},
  };
  return table;
}

void dispatch(call what) {
  serve_from<call>(resources(), std::move(what), [](const call& unknown) {
    unknown.problem(404, "no such resource: " + std::string(unknown.path()));
  });
}

} // namespace aps::admin
