#include "actors/admin/router.hpp"

namespace aps::admin {

namespace {

void redirect(const call& call) {
  call.answer_bytes(302, "text/plain; charset=utf-8", "/.admin/\n",
                    {{"Location", "/.admin/"}});
}

// Who asks for the same at once gets one answer.
auto shared(void (*serve)(const call&)) {
  return [serve](const call& call) {
    call.where().answers->serve(
      call.served()->head()->path, call,
      [serve, where = call.where_ptr()](const request& reader) {
        serve({where, reader});
      });
  };
}

} // namespace

const std::vector<resource>& resources() {
  using enum access;
  static const std::vector<resource> table{
    {"GET", "/.api/stats", token, shared(get_stats)},
    {"GET", "/.api/tunnels", token, shared(get_tunnels)},
    {"GET", "/.api/endpoints", token, shared(get_endpoints)},
    {"GET", "/.api/connections", token, shared(get_connections)},
    {"GET", "/.api/mappings", token, shared(get_mappings)},
    {"GET", "/.api/exchanges", token, shared(get_exchanges)},
    {"GET", "/.api/events", token, get_events},
    {"GET", "/.api/config", token, shared(get_config)},
    {"GET", "/.api/explain", token, get_explanation},
    {"GET", "/.api/health", open, get_health},
    {"GET", "/.api/ready", open, get_readiness},
    {"GET", "/.api/log", token, get_log},
    {"GET", "/.api/openapi.json", token, get_asset},
    {"GET", "/metrics", token, shared(get_metrics)},
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
    // The panel asks for the token itself.
    {"GET", "/.admin/**", open, get_asset},
    {"GET", "/.admin", open, redirect},
    {"GET", "/", open, redirect},
  };
  return table;
}

void dispatch(call what) {
  serve_from<call>(resources(), std::move(what), [](const call& unknown) {
    unknown.problem(404, "no such resource: " + std::string(unknown.path()));
  });
}

} // namespace aps::admin
