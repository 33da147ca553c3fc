#include "actors/text.hpp"

namespace aps {

namespace {

std::string_view tag_of(const std::string& transport) {
  return transport == "grpc"   ? "[GRPC-POOL]"
         : transport == "poll" ? "[POLL-POOL]"
                               : "[WS-POOL]";
}

std::string_view shown(const std::string& transport) {
  return transport == "grpc"        ? "gRPC"
         : transport == "websocket" ? "WebSocket"
                                    : "polling";
}

} // namespace

std::string show_duration(duration value) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(value).count();
  if (ms < 1000)
    return std::to_string(ms) + "ms";
  const auto total = ms / 1000;
  std::string out;
  if (total >= 3600)
    out += std::to_string(total / 3600) + "h";
  if (total >= 60)
    out += std::to_string(total / 60 % 60) + "m";
  out += std::to_string(total % 60);
  if (ms % 1000 != 0)
    out += "." + std::to_string(ms % 1000 / 100);
  return out + "s";
}

std::string_view pool_tag(transport_kind transport) noexcept {
  switch (transport) {
    case transport_kind::grpc: return "[GRPC-POOL]";
    case transport_kind::websocket: return "[WS-POOL]";
    case transport_kind::poll: return "[POLL-POOL]";
  }
  return "[POOL]";
}

std::string render(const event& what) {
  const auto endpoint = what.tunnel + "." + what.endpoint;
  const auto pool = std::string(tag_of(what.transport));
  const auto& detail = what.detail;
  const auto number = std::to_string(what.number);
  switch (what.kind) {
    case event_kind::tunnel_added:
      return "[TUNNEL] Tunnel " + what.tunnel + " is ready";
    case event_kind::endpoint_up:
      return "[TUNNEL] Endpoint " + endpoint + " is up";
    case event_kind::endpoint_down:
      return "[TUNNEL] Endpoint " + endpoint + " has no connection any more";
    case event_kind::pool_created:
      return pool + " Created new pool for " + endpoint + " " + detail;
    case event_kind::pool_grown:
      return pool + " Pool " + endpoint + " grows: " + detail + " (" + number
             + ")";
    case event_kind::pool_exhausted:
      return pool + " Pool " + endpoint + " is exhausted: " + detail
             + " (waiting: " + number + ")";
    case event_kind::connection_opened:
      return pool + " Connection " + what.connection + " joined pool "
             + endpoint + " " + detail + " (size: " + number + ")";
    case event_kind::connection_refused:
      return "[AUTH] Refused " + std::string(shown(what.transport))
             + " connection " + what.connection + " for " + endpoint + ": "
             + detail;
    case event_kind::connection_idle_closed:
      return pool + " Closing idle connection " + what.connection
             + " in pool " + endpoint;
    case event_kind::connection_expired:
      return pool + " Closing expired connection " + what.connection
             + " in pool " + endpoint;
    case event_kind::connection_lost:
      return pool + " Connection " + what.connection + " left pool " + endpoint
             + ": " + detail;
    case event_kind::connection_ejected:
      return pool + " Ejected connection " + what.connection + " from pool "
             + endpoint + ": " + detail;
    case event_kind::connection_readmitted:
      return pool + " Readmitted connection " + what.connection + " to pool "
             + endpoint + ": " + detail;
    case event_kind::endpoint_degraded:
      return pool + " Pool " + endpoint + " is degraded: " + detail;
    case event_kind::endpoint_recovered:
      return pool + " Pool " + endpoint + " recovered: " + detail;
    case event_kind::session_replaced:
      return "[TUNNEL] An agent of " + endpoint
             + " came back; its former session " + detail + " is over";
    case event_kind::fallback_attempt:
      return "[HYBRID] gRPC request failed for " + endpoint
             + ", trying WebSocket fallback: " + detail;
    case event_kind::fallback_state:
      return "[HYBRID] Endpoint " + endpoint + " changed state: " + detail;
    case event_kind::exchange_moved:
      return "[HYBRID] Moving " + number + " exchange(s) of " + endpoint
             + " to another connection: " + detail;
    case event_kind::exchange_failed:
      return "[HYBRID] Request for " + endpoint + " failed: " + detail;
    case event_kind::actor_restarted:
      return "[SUPERVISOR] Restarted " + detail;
    case event_kind::node_draining:
      return "[NODE] Draining";
  }
  return detail;
}

bool is_warning(event_kind kind) noexcept {
  return kind == event_kind::connection_lost
         || kind == event_kind::connection_refused
         || kind == event_kind::pool_exhausted
         || kind == event_kind::exchange_failed
         || kind == event_kind::endpoint_down
         || kind == event_kind::connection_ejected
         || kind == event_kind::endpoint_degraded
         || kind == event_kind::fallback_attempt
         || kind == event_kind::actor_restarted;
}

} // namespace aps
