#pragma once

#include "actors/events.hpp"
#include "actors/policy/health/health.hpp"
#include "transports/seam/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What tunnels, controllers, pools and connections tell and take on request;
/// values that also travel to other processes.
namespace aps {

/// Which transport to prefer by hand, whatever the breaker says; a transport
/// without a live connection is passed over all the same. Nothing = none is.
using fallback_mode = std::optional<transport_kind>;

/// "auto" = none; what the API calls a mode.
inline constexpr std::string_view automatic_mode = "auto";
constexpr std::string_view word_of(const fallback_mode& mode) noexcept {
  return mode ? to_string(*mode) : automatic_mode;
}

struct set_fallback_mode {
  fallback_mode mode = {};
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
  action verb = action::drain;
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
  std::string credential = {}; ///< its agent came with; empty = the password
};

struct pool_snapshot {
  std::string tunnel;
  std::string endpoint;
  transport_kind transport = preferred_transport;
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
  fallback_mode mode = {};
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

/// What about an endpoint needs somebody, the worst first.
enum class concern : uint8_t {
  down,       ///< no agent is connected
  impaired,   ///< drained, in fallback, or with failing targets
  recovering, ///< probing
  pool,       ///< one of its pools is degraded or below its minimum
  none,
};

inline constexpr size_t concerns = static_cast<size_t>(concern::none) + 1;

/// Endpoints by concern.
using concern_counts = std::array<uint32_t, concerns>;

/// Pools of one transport, added up.
struct pool_sums {
  uint32_t pools = 0;
  uint32_t connections = 0;
  uint32_t busy = 0; ///< connections that carry something
};

/// All endpoints of a tunnel, those included that a snapshot leaves out.
struct tunnel_sums {
  uint32_t endpoints = 0;
  uint32_t live = 0; ///< endpoints with a connection
  uint32_t in_flight = 0;
  concern_counts by_concern{};
  concern_counts matching{}; ///< those that are looked for
  std::array<pool_sums, transport_kinds> pools; ///< at each one's index
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
  /// Whose pools are switched on, each at its index.
  std::array<bool, transport_kinds> enabled{};
  std::vector<endpoint_snapshot> endpoints;
  fallback_mode mode = {};
  /// Why nothing is known of it but its settings; empty = it has answered.
  std::string problem = {};
  tunnel_sums sums = {};
};

struct node_snapshot {
  std::vector<tunnel_snapshot> tunnels;
};

// -- serialisation -------------------------------------------------------------

template <class Inspector>
bool inspect(Inspector& f, transport_kind& kind) {
  return inspect_enum(f, kind, last_transport);
}

template <class Inspector>
bool inspect(Inspector& f, set_fallback_mode& value) {
  return f.object(value).fields(f.field("mode", value.mode));
}

template <class Inspector>
bool inspect(Inspector& f, operate::action& value) {
  return inspect_enum(f, value, operate::action::delay);
}

template <class Inspector>
bool inspect(Inspector& f, operate& value) {
  return f.object(value).fields(f.field("what", value.verb),
                                f.field("time", value.time));
}

template <class Inspector>
bool inspect(Inspector& f, get_snapshot& value) {
  return f.object(value).fields();
}

template <class Inspector>
bool inspect(Inspector& f, health_terms& value) {
  return f.object(value).fields(
    f.field("latency_ms", value.latency_ms),
    f.field("failures", value.failures), f.field("resets", value.resets),
    f.field("age", value.age), f.field("load", value.load));
}

template <class Inspector>
bool inspect(Inspector& f, connection_snapshot& value) {
  return f.object(value).fields(
    f.field("name", value.name), f.field("peer", value.peer),
    f.field("session", value.session), f.field("in_flight", value.in_flight),
    f.field("draining", value.draining), f.field("ejected", value.ejected),
    f.field("age_s", value.age_s), f.field("health", value.health),
    f.field("bytes_in", value.bytes_in), f.field("bytes_out", value.bytes_out),
    f.field("queued", value.queued), f.field("drained", value.drained),
    f.field("credential", value.credential));
}

template <class Inspector>
bool inspect(Inspector& f, pool_snapshot& value) {
  return f.object(value).fields(
    f.field("tunnel", value.tunnel), f.field("endpoint", value.endpoint),
    f.field("transport", value.transport), f.field("waiting", value.waiting),
    f.field("leases", value.leases), f.field("min_size", value.min_size),
    f.field("max_size", value.max_size), f.field("usable", value.usable),
    f.field("asked", value.asked), f.field("target_size", value.target_size),
    f.field("utilization", value.utilization),
    f.field("sizing_reason", value.sizing_reason),
    f.field("degraded", value.degraded),
    f.field("leased_total", value.leased_total),
    f.field("opened_total", value.opened_total),
    f.field("lost_total", value.lost_total),
    f.field("ejected_total", value.ejected_total),
    f.field("moved_total", value.moved_total),
    f.field("refused_total", value.refused_total),
    f.field("members", value.members));
}

template <class Inspector>
bool inspect(Inspector& f, controller_snapshot& value) {
  return f.object(value).fields(
    f.field("endpoint", value.endpoint), f.field("state", value.state),
    f.field("reason", value.reason),
    f.field("consecutive_failures", value.consecutive_failures),
    f.field("switches", value.switches),
    f.field("in_state_s", value.in_state_s),
    f.field("next_probe_s", value.next_probe_s),
    f.field("moving", value.moving), f.field("pools", value.pools),
    f.field("mode", value.mode), f.field("choice", value.choice));
}

template <class Inspector>
bool inspect(Inspector& f, target_snapshot& value) {
  return f.object(value).fields(
    f.field("mapping", value.mapping), f.field("target", value.target),
    f.field("session", value.session), f.field("down", value.down),
    f.field("reason", value.reason));
}

template <class Inspector>
bool inspect(Inspector& f, endpoint_snapshot& value) {
  return f.object(value).fields(
    f.field("name", value.name), f.field("in_flight", value.in_flight),
    f.field("live", value.live), f.field("latency", value.latency),
    f.field("penalty", value.penalty), f.field("controller", value.controller),
    f.field("drained", value.drained), f.field("unhealthy", value.unhealthy));
}

template <class Inspector>
bool inspect(Inspector& f, pool_sums& sums) {
  return f.object(sums).fields(f.field("pools", sums.pools),
                               f.field("connections", sums.connections),
                               f.field("busy", sums.busy));
}

template <class Inspector>
bool inspect(Inspector& f, tunnel_sums& sums) {
  return f.object(sums).fields(
    f.field("endpoints", sums.endpoints), f.field("live", sums.live),
    f.field("in_flight", sums.in_flight),
    f.field("by_concern", sums.by_concern), f.field("matching", sums.matching),
    f.field("pools", sums.pools));
}

template <class Inspector>
bool inspect(Inspector& f, tunnel_snapshot& value) {
  return f.object(value).fields(
    f.field("name", value.name),
    f.field("fallback_enabled", value.fallback_enabled),
    f.field("enabled", value.enabled), f.field("endpoints", value.endpoints),
    f.field("mode", value.mode), f.field("problem", value.problem),
    f.field("sums", value.sums));
}

template <class Inspector>
bool inspect(Inspector& f, node_snapshot& value) {
  return f.object(value).fields(f.field("tunnels", value.tunnels));
}

} // namespace aps
