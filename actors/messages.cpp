#include "actors/messages.hpp"

namespace aps {

namespace {

// Ends an exchange that the last copy of its job leaves behind.
struct job_guard {
  explicit job_guard(exchange_ptr exchange) : what(std::move(exchange)) {}
  job_guard(const job_guard&) = delete;
  job_guard& operator=(const job_guard&) = delete;

  ~job_guard() {
    if (!what->over())
      what->fail(what->never_sent() ? outcome::not_sent
                                    : outcome::started_unknown,
                 "the actors that carried the request ended");
  }

  exchange_ptr what;
};

} // namespace

job::job(exchange_ptr exchange)
    : what(exchange), guard_(std::make_shared<job_guard>(std::move(exchange))) {
}

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
  }
  return "unknown";
}

} // namespace aps
