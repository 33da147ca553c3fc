#include "actors/watch/event_text.hpp"

#include <nlohmann/json.hpp>

namespace aps {

namespace {

log_component pool_of(const std::string& transport) noexcept {
  return transport == "grpc"   ? log_component::grpc_pool
         : transport == "poll" ? log_component::poll_pool
                               : log_component::ws_pool;
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

std::string counted(uint64_t number, std::string_view noun) {
  auto out = std::to_string(number) + " ";
  return out.append(noun).append(number == 1 ? "" : "s");
}

std::string times(uint64_t number) {
  return number == 1 ? "once" : counted(number, "time");
}

std::string place_of(const event& event) {
  return event.endpoint.empty() ? event.tunnel
                                : event.tunnel + "." + event.endpoint;
}

namespace {

// With a peer: the node's own answer to it.
std::string render_failure(const event& event) {
  if (!event.peer.empty())
    return "Refused " + event.peer + " with "
           + (event.number == 0 ? "" : std::to_string(event.number) + " ")
           + event.reason + ": " + event.detail;
  const auto place = place_of(event);
  return "Request" + (event.request_id.empty() ? "" : " " + event.request_id)
         + (place.empty() ? "" : " for " + place) + " failed: " + event.detail;
}

} // namespace

std::string several_agents(const std::string& tunnel,
                           const std::string& endpoint, size_t count) {
  return "Endpoint " + tunnel + "." + endpoint + " has "
         + std::to_string(count) + " agents now; they share its requests";
}

log_component pool_log_of(transport_kind transport) noexcept {
  switch (transport) {
    case transport_kind::grpc: return log_component::grpc_pool;
    case transport_kind::websocket: return log_component::ws_pool;
    case transport_kind::poll: return log_component::poll_pool;
  }
  return log_component::ws_pool;
}

std::string render(const event& event) {
  return std::string(tag_of(component_of(event))) + " " + sentence(event);
}

std::string sentence(const event& event) {
  const auto endpoint = place_of(event);
  const auto& detail = event.detail;
  const auto number = std::to_string(event.number);
  switch (event.kind) {
    case event_kind::tunnel_added:
      return "Tunnel " + event.tunnel + " is ready";
    case event_kind::endpoint_up:
      return "Endpoint " + endpoint + " is up";
    case event_kind::endpoint_down:
      return "Endpoint " + endpoint + " has no connection any more";
    case event_kind::pool_created:
      return "Created new pool for " + endpoint + " " + detail;
    case event_kind::pool_grown:
      return "Pool " + endpoint + " grows: " + detail + " (" + number
             + ")";
    case event_kind::pool_exhausted:
      return "Pool " + endpoint + " is exhausted: " + detail
             + " (waiting: " + number + ")";
    case event_kind::connection_opened:
      return "Connection " + event.connection + " joined pool " + endpoint + " "
             + detail + " (size: " + number + ")";
    case event_kind::connection_refused:
    case event_kind::auth_failed:
      return "Refused " + std::string(shown(event.transport)) + " connection "
             + event.connection + " for " + endpoint + ": " + detail;
    case event_kind::connection_idle_closed:
      return "Closing idle connection " + event.connection + " in pool "
             + endpoint;
    case event_kind::connection_expired:
      return "Closing expired connection " + event.connection + " in pool "
             + endpoint;
    case event_kind::connection_lost:
      return "Connection " + event.connection + " left pool " + endpoint + ": "
             + detail;
    case event_kind::connection_ejected:
      return "Ejected connection " + event.connection + " from pool " + endpoint
             + ": " + detail;
    case event_kind::connection_readmitted:
      return "Readmitted connection " + event.connection + " to pool "
             + endpoint + ": " + detail;
    case event_kind::endpoint_degraded:
      return "Pool " + endpoint + " is degraded: " + detail;
    case event_kind::endpoint_recovered:
      return "Pool " + endpoint + " recovered: " + detail;
    case event_kind::session_replaced:
      return "An agent of " + endpoint
             + " came back; its former session " + detail + " is over";
    case event_kind::fallback_attempt:
      return "gRPC request failed for " + endpoint
             + ", trying WebSocket fallback: " + detail;
    case event_kind::fallback_state:
      return "Endpoint " + endpoint + " changed state: " + detail;
    case event_kind::exchange_moved:
      return "Moving " + counted(event.number, "exchange") + " of " + endpoint
             + " to another connection: " + detail;
    case event_kind::exchange_failed: return render_failure(event);
    case event_kind::actor_restarted:
      return "Restarted " + detail;
    case event_kind::node_draining:
      return "Draining";
    case event_kind::tunnel_changed:
      return "Tunnel " + event.tunnel + " changed: " + detail;
    case event_kind::tunnel_removed:
      return "Tunnel " + event.tunnel + " is gone: " + detail;
    case event_kind::session_up:
      return "Session " + event.session + " of " + endpoint + " is up";
    case event_kind::session_down:
      return "Session " + event.session + " of " + endpoint
             + " has no connection any more";
    case event_kind::connection_authenticated:
      return "Connection " + event.connection + " " + detail + " is "
             + endpoint;
    case event_kind::connection_drained:
      return "Connection " + event.connection + " of pool " + endpoint
             + " is closed: " + detail;
    case event_kind::connection_restarted:
      return "Connection " + event.connection + " replaces a lost one in pool "
             + endpoint;
    case event_kind::pool_shrunk:
      return "Pool " + endpoint + " shrinks: " + detail + " (" + number
             + ")";
    case event_kind::config_reloaded:
      return "Configuration reloaded: " + detail;
    case event_kind::fault_injected:
      return "Fault in connection " + event.connection + " of " + endpoint
             + ": " + detail;
    case event_kind::admin_action:
    case event_kind::admin_refused:
    case event_kind::log_changed:
      return detail;
    case event_kind::limit_reached:
      return event.reason + " reached by " + detail
             + (event.number == 0   ? ""
                : event.number == 1 ? " (once more)"
                                    : " (" + number + " more times)");
    case event_kind::handler_failed:
      return "A connection was given up because of an exception: "
             + detail;
    case event_kind::connection_leased:
      return "Connection " + event.connection + " acquired from pool "
             + endpoint;
    case event_kind::connection_returned:
      return "Connection " + event.connection + " returned to pool " + endpoint;
    case event_kind::exchange_started:
      return event.request_id + " started: " + detail;
    case event_kind::exchange_finished:
      return event.request_id + " finished: " + detail;
    case event_kind::target_rests:
    case event_kind::target_recovered:
    case event_kind::target_down:
    case event_kind::target_up:
      return "Endpoint " + endpoint + ": " + detail;
    case event_kind::endpoint_drained:
      return "Endpoint " + endpoint + " is out of rotation, by " + detail;
    case event_kind::endpoint_undrained:
      return "Endpoint " + endpoint + " is back in rotation, by " + detail;
    case event_kind::session_drained:
      return "Session " + event.session + " of " + endpoint
             + " is out of rotation, by " + detail;
    case event_kind::session_undrained:
      return "Session " + event.session + " of " + endpoint
             + " is back in rotation, by " + detail;
  }
  return detail;
}

nlohmann::json show(const event& event) {
  const auto level = level_of(event.kind);
  return {{"serial", event.serial},
          {"time_ms", event.time_ms},
          {"kind", to_string(event.kind)},
          {"severity", level >= spdlog::level::warn   ? "warning"
                       : level == spdlog::level::info ? "info"
                                                      : "debug"},
          {"tunnel", event.tunnel},
          {"endpoint", event.endpoint},
          {"transport", event.transport},
          {"connection", event.connection},
          {"session", event.session},
          {"request_id", event.request_id},
          {"reason", event.reason},
          {"peer", event.peer},
          {"detail", event.detail},
          {"number", event.number},
          {"text", render(event)}};
}

spdlog::level::level_enum level_of(event_kind kind) noexcept {
  switch (kind) {
    case event_kind::connection_lost:
    case event_kind::connection_refused:
    case event_kind::auth_failed:
    case event_kind::pool_exhausted:
    case event_kind::exchange_failed:
    case event_kind::endpoint_down:
    case event_kind::connection_ejected:
    case event_kind::endpoint_degraded:
    case event_kind::fallback_attempt:
    case event_kind::fault_injected:
    case event_kind::admin_refused:
    case event_kind::actor_restarted:
    case event_kind::limit_reached:
    case event_kind::handler_failed:
    case event_kind::target_rests:
    case event_kind::target_down:
      return spdlog::level::warn;
    // The documented lines say the same.
    case event_kind::session_up:
    case event_kind::session_down:
    case event_kind::connection_authenticated:
    case event_kind::connection_drained:
    case event_kind::connection_restarted:
    case event_kind::pool_shrunk:
      return spdlog::level::debug;
    // Their lines are written where they happen, watched or not.
    case event_kind::connection_leased:
    case event_kind::connection_returned:
    case event_kind::exchange_started:
    case event_kind::exchange_finished:
      return spdlog::level::trace;
    default:
      return spdlog::level::info;
  }
}

log_component component_of(const event& event) noexcept {
  switch (event.kind) {
    case event_kind::tunnel_added:
    case event_kind::tunnel_changed:
    case event_kind::tunnel_removed:
    case event_kind::endpoint_up:
    case event_kind::endpoint_down:
    case event_kind::session_up:
    case event_kind::session_down:
    case event_kind::session_replaced:
    case event_kind::target_rests:
    case event_kind::target_recovered:
    case event_kind::target_down:
    case event_kind::target_up:
    case event_kind::endpoint_drained:
    case event_kind::endpoint_undrained:
    case event_kind::session_drained:
    case event_kind::session_undrained:
      return log_component::tunnel;
    case event_kind::connection_refused:
    case event_kind::connection_authenticated:
    case event_kind::auth_failed:
      return log_component::auth;
    case event_kind::fallback_attempt:
    case event_kind::fallback_state:
    case event_kind::exchange_moved:
      return log_component::hybrid;
    case event_kind::actor_restarted:
      return log_component::supervisor;
    case event_kind::node_draining:
    case event_kind::config_reloaded:
    case event_kind::handler_failed:
      return log_component::node;
    case event_kind::limit_reached:
      return log_component::limit;
    case event_kind::fault_injected:
    case event_kind::admin_action:
    case event_kind::admin_refused:
    case event_kind::log_changed:
      return log_component::admin;
    case event_kind::exchange_failed:
    case event_kind::exchange_started:
    case event_kind::exchange_finished:
      return log_component::request;
    default: return pool_of(event.transport);
  }
}

} // namespace aps
