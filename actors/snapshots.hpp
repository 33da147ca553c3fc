#pragma once

#include "actors/events.hpp"
#include "actors/policy/health.hpp"
#include "transports/seam/frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What tunnels, controllers, pools and connections tell and take on request;
/// values that also travel to other processes.
namespace aps {

/// Which transport to prefer by hand, whatever the breaker says; a transport
/// without a live connection is passed over all the same.
enum class fallback_mode : uint8_t { automatic, grpc, websocket };

std::string_view to_string(fallback_mode mode) noexcept;

struct set_fallback_mode {
  fallback_mode mode = fallback_mode::automatic;
};

/// What an operator has a connection do. The faults are for rehearsals.
struct operate {
  enum class action : uint8_t {
    drain,
    close, ///< now; its exchanges move
    cut,   ///< the same without a goodbye
    stall, ///< look at nothing that arrives for `time`
    delay, ///< look at what arrives only after `time`; 0 = no longer
  };
  action what = action::drain;
  duration time{};
};

/// To any of them: the answer is its snapshot.
struct get_snapshot {};

struct connection_snapshot {
  std::string name;
  std::string peer;
  std::string session;
  uint32_t in_flight = 0;
  bool draining = false;
  bool ejected = false;
  double age_s = 0;
  health_terms health;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t queued = 0; ///< bytes waiting for the socket
  bool drained = false; ///< out of rotation, see `drain_register`
};

struct pool_snapshot {
  std::string tunnel;
  std::string endpoint;
  transport_kind transport = transport_kind::websocket;
  uint32_t waiting = 0;
  uint32_t leases = 0;
  uint32_t min_size = 0;
  uint32_t max_size = 0;
  uint32_t usable = 0;      ///< members that take new exchanges
  uint32_t asked = 0;       ///< connections on their way
  uint32_t target_size = 0; ///< aimed at
  double utilization = 0;
  std::string sizing_reason; ///< of `target_size`
  std::string degraded;      ///< why; empty = it is not
  uint64_t leased_total = 0;
  uint64_t opened_total = 0;
  uint64_t lost_total = 0;
  uint64_t ejected_total = 0;
  uint64_t moved_total = 0;   ///< leases moved at the end of a lifetime
  uint64_t refused_total = 0; ///< dialled beyond the maximum
  std::vector<connection_snapshot> members;
};

struct controller_snapshot {
  std::string endpoint;
  std::string state; ///< primary | fallback | probing
  std::string reason;
  uint32_t consecutive_failures = 0;
  uint64_t switches = 0;
  double in_state_s = 0;                ///< since the last change
  std::optional<double> next_probe_s;   ///< until the next probe; not primary
  uint32_t moving = 0;
  std::vector<pool_snapshot> pools;
  fallback_mode mode = fallback_mode::automatic;
  std::optional<transport_kind> choice; ///< what a new request goes over
};

/// A target that an agent is not asked for, unless nobody else is there.
struct target_snapshot {
  uint32_t mapping = 0; ///< position in the file
  std::string target;   ///< its URL
  std::string session;
  bool down = false; ///< by checks; else by requests of visitors
  std::string reason;
};

struct endpoint_snapshot {
  std::string name;
  uint32_t in_flight = 0;
  uint32_t live = 0;
  duration latency{};
  double penalty = 1;
  controller_snapshot controller;
  bool drained = false; ///< out of rotation, see `drain_register`
  std::vector<target_snapshot> unhealthy = {};
};

struct tunnel_snapshot {
  std::string name;
  bool fallback_enabled = false;
  bool grpc_enabled = false;
  bool websocket_enabled = false;
  std::vector<endpoint_snapshot> endpoints;
  fallback_mode mode = fallback_mode::automatic;
  /// Why nothing is known of it but its settings; empty = it has answered.
  std::string problem = {};
};

struct node_snapshot {
  std::vector<tunnel_snapshot> tunnels;
};

// -- serialisation -------------------------------------------------------------

template <class Inspector>
bool inspect(Inspector& f, transport_kind& kind) {
  return inspect_enum(f, kind, transport_kind::poll);
}

template <class Inspector>
bool inspect(Inspector& f, fallback_mode& mode) {
  return inspect_enum(f, mode, fallback_mode::websocket);
}

template <class Inspector>
bool inspect(Inspector& f, set_fallback_mode& what) {
  return f.object(what).fields(f.field("mode", what.mode));
}

template <class Inspector>
bool inspect(Inspector& f, operate::action& what) {
  return inspect_enum(f, what, operate::action::delay);
}

template <class Inspector>
bool inspect(Inspector& f, operate& what) {
  return f.object(what).fields(f.field("what", what.what),
                               f.field("time", what.time));
}

template <class Inspector>
bool inspect(Inspector& f, get_snapshot& what) {
  return f.object(what).fields();
}

template <class Inspector>
bool inspect(Inspector& f, health_terms& what) {
  return f.object(what).fields(
    f.field("latency_ms", what.latency_ms), f.field("failures", what.failures),
    f.field("resets", what.resets), f.field("age", what.age),
    f.field("load", what.load));
}

template <class Inspector>
bool inspect(Inspector& f, connection_snapshot& what) {
  return f.object(what).fields(
    f.field("name", what.name), f.field("peer", what.peer),
    f.field("session", what.session), f.field("in_flight", what.in_flight),
    f.field("draining", what.draining), f.field("ejected", what.ejected),
    f.field("age_s", what.age_s), f.field("health", what.health),
    f.field("bytes_in", what.bytes_in), f.field("bytes_out", what.bytes_out),
    f.field("queued", what.queued), f.field("drained", what.drained));
}

template <class Inspector>
bool inspect(Inspector& f, pool_snapshot& what) {
  return f.object(what).fields(
    f.field("tunnel", what.tunnel), f.field("endpoint", what.endpoint),
    f.field("transport", what.transport), f.field("waiting", what.waiting),
    f.field("leases", what.leases), f.field("min_size", what.min_size),
    f.field("max_size", what.max_size), f.field("usable", what.usable),
    f.field("asked", what.asked), f.field("target_size", what.target_size),
    f.field("utilization", what.utilization),
    f.field("sizing_reason", what.sizing_reason),
    f.field("degraded", what.degraded),
    f.field("leased_total", what.leased_total),
    f.field("opened_total", what.opened_total),
    f.field("lost_total", what.lost_total),
    f.field("ejected_total", what.ejected_total),
    f.field("moved_total", what.moved_total),
    f.field("refused_total", what.refused_total),
    f.field("members", what.members));
}

template <class Inspector>
bool inspect(Inspector& f, controller_snapshot& what) {
  return f.object(what).fields(
    f.field("endpoint", what.endpoint), f.field("state", what.state),
    f.field("reason", what.reason),
    f.field("consecutive_failures", what.consecutive_failures),
    f.field("switches", what.switches), f.field("in_state_s", what.in_state_s),
    f.field("next_probe_s", what.next_probe_s), f.field("moving", what.moving),
    f.field("pools", what.pools), f.field("mode", what.mode),
    f.field("choice", what.choice));
}

template <class Inspector>
bool inspect(Inspector& f, target_snapshot& what) {
  return f.object(what).fields(
    f.field("mapping", what.mapping), f.field("target", what.target),
    f.field("session", what.session), f.field("down", what.down),
    f.field("reason", what.reason));
}

template <class Inspector>
bool inspect(Inspector& f, endpoint_snapshot& what) {
  return f.object(what).fields(
    f.field("name", what.name), f.field("in_flight", what.in_flight),
    f.field("live", what.live), f.field("latency", what.latency),
    f.field("penalty", what.penalty), f.field("controller", what.controller),
    f.field("drained", what.drained), f.field("unhealthy", what.unhealthy));
}

template <class Inspector>
bool inspect(Inspector& f, tunnel_snapshot& what) {
  return f.object(what).fields(
    f.field("name", what.name),
    f.field("fallback_enabled", what.fallback_enabled),
    f.field("grpc_enabled", what.grpc_enabled),
    f.field("websocket_enabled", what.websocket_enabled),
    f.field("endpoints", what.endpoints), f.field("mode", what.mode),
    f.field("problem", what.problem));
}

template <class Inspector>
bool inspect(Inspector& f, node_snapshot& what) {
  return f.object(what).fields(
    f.field("tunnels", what.tunnels));
}

} // namespace aps
