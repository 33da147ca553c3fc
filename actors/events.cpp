#include "actors/events.hpp"

namespace aps {

std::string to_string(event_kind kind) {
  switch (kind) {
    case event_kind::tunnel_added: return "tunnel-added";
    case event_kind::endpoint_up: return "endpoint-up";
    case event_kind::endpoint_down: return "endpoint-down";
    case event_kind::pool_created: return "pool-created";
    case event_kind::pool_grown: return "pool-grown";
    case event_kind::pool_exhausted: return "pool-exhausted";
    case event_kind::connection_opened: return "connection-opened";
    case event_kind::connection_refused: return "connection-refused";
    case event_kind::connection_idle_closed: return "connection-idle-closed";
    case event_kind::connection_expired: return "connection-expired";
    case event_kind::connection_lost: return "connection-lost";
    case event_kind::connection_ejected: return "connection-ejected";
    case event_kind::connection_readmitted: return "connection-readmitted";
    case event_kind::endpoint_degraded: return "endpoint-degraded";
    case event_kind::endpoint_recovered: return "endpoint-recovered";
    case event_kind::session_replaced: return "session-replaced";
    case event_kind::fallback_attempt: return "fallback-attempt";
    case event_kind::fallback_state: return "fallback-state";
    case event_kind::exchange_moved: return "exchange-moved";
    case event_kind::exchange_failed: return "exchange-failed";
    case event_kind::actor_restarted: return "actor-restarted";
    case event_kind::node_draining: return "node-draining";
    case event_kind::tunnel_changed: return "tunnel-changed";
    case event_kind::tunnel_removed: return "tunnel-removed";
    case event_kind::session_up: return "session-up";
    case event_kind::session_down: return "session-down";
    case event_kind::connection_authenticated: return "connection-authenticated";
    case event_kind::connection_drained: return "connection-drained";
    case event_kind::connection_restarted: return "connection-restarted";
    case event_kind::pool_shrunk: return "pool-shrunk";
    case event_kind::auth_failed: return "auth-failed";
    case event_kind::config_reloaded: return "config-reloaded";
    case event_kind::fault_injected: return "fault-injected";
    case event_kind::admin_action: return "admin-action";
    case event_kind::admin_refused: return "admin-refused";
    case event_kind::log_changed: return "log-changed";
    case event_kind::limit_reached: return "limit-reached";
    case event_kind::handler_failed: return "handler-failed";
    case event_kind::connection_leased: return "connection-leased";
    case event_kind::connection_returned: return "connection-returned";
    case event_kind::exchange_started: return "exchange-started";
    case event_kind::exchange_finished: return "exchange-finished";
    case event_kind::target_rests: return "target-rests";
    case event_kind::target_recovered: return "target-recovered";
    case event_kind::target_down: return "target-down";
    case event_kind::target_up: return "target-up";
    case event_kind::endpoint_drained: return "endpoint-drained";
    case event_kind::endpoint_undrained: return "endpoint-undrained";
    case event_kind::session_drained: return "session-drained";
    case event_kind::session_undrained: return "session-undrained";
  }
  return "unknown";
}

std::string to_string(actor_kind kind) {
  switch (kind) {
    case actor_kind::tunnel: return "tunnel";
    case actor_kind::controller: return "fallback_controller";
    case actor_kind::pool: return "pool";
    case actor_kind::connection: return "connection";
  }
  return "unknown";
}

} // namespace aps
