#pragma once

#include "actors/watch/event_kinds.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What happens, as values that also travel to remote subscribers.
namespace aps {

inline constexpr auto last_event_kind = event_table.back().kind;

/// The word of the API, e.g. "connection-lost".
std::string to_string(event_kind kind);

/// Something that happened; complete enough to be shown without asking back.
struct event {
  event_kind kind = event_kind::tunnel_added;
  std::string tunnel = {};
  std::string endpoint = {};
  std::string transport = {};
  std::string connection = {};
  std::string detail = {}; ///< for humans
  uint64_t number = 0;     ///< kind-specific: size, count
  std::string reason = {}; ///< a typed word: link error, outcome, state
  std::string session = {};
  std::string request_id = {};
  // Written by the monitor:
  int64_t time_ms = 0; ///< since 1970
  uint64_t serial = 0; ///< running number, from 1, without gaps
  /// Address of the stranger that caused it, without port: what the log's
  /// limit of repetitions goes by. Empty = nobody outside.
  std::string peer = {};
  std::string mapping = {}; ///< `from` of the one that took the request
};

/// What a subscriber wants to hear of.
struct event_filter {
  kind_set kinds = life_cycle_kinds;
  std::string tunnel = {}; ///< empty = any

  bool matches(const event& event) const {
    return (kinds & set_of(event.kind)) != 0
           && (tunnel.empty() || tunnel == event.tunnel);
  }
};

/// The sender gets a `monitor_snapshot` and then every event that matches, in
/// order, as long as it lives and has credit. Again = a new filter.
struct subscribe {
  event_filter filter = {};
  /// Events that may be on their way to it; `acknowledge` gives new credit.
  uint32_t credit = 256;
  /// Events after this one that are still remembered come after the snapshot;
  /// 0 = all of them.
  std::optional<uint64_t> after = {};
};

/// The sender took `count` events.
struct acknowledge {
  uint32_t count = 1;
};

/// The sender wants no more events.
struct unsubscribe {};

/// To a subscriber: so many events were left out here, for it was too slow.
struct missed {
  uint64_t count = 0;
};

enum class actor_kind : uint8_t { tunnel, controller, pool, connection };

std::string to_string(actor_kind kind);

/// A live actor of the node, to be monitored or asked for a snapshot.
struct live_actor {
  actor_kind kind = actor_kind::tunnel;
  std::string tunnel = {};
  std::string endpoint = {};
  std::string transport = {};
  std::string name = {};    ///< of a connection
  std::string session = {}; ///< of a connection, hex
  caf::actor handle = {};
};

/// From each actor when it starts: list me as long as I live.
struct enrol {
  live_actor actor;
};

/// The first message to a subscriber: who lives, as of event `serial`.
struct monitor_snapshot {
  uint64_t serial = 0;
  std::string node_id = {};
  std::vector<live_actor> actors = {};
};

struct get_actors {};

struct actor_list {
  std::vector<live_actor> actors = {};
};

struct get_counts {};

struct monitor_counts {
  uint64_t serial = 0; ///< of the last event
  std::vector<uint64_t> by_kind = {};
  uint32_t subscribers = 0;
};

// -- serialisation -------------------------------------------------------------

template <class Inspector, class Enum>
bool inspect_enum(Inspector& f, Enum& value, Enum last) {
  auto get = [&value] { return static_cast<uint8_t>(value); };
  auto set = [&value, last](uint8_t number) {
    value = static_cast<Enum>(number);
    return number <= static_cast<uint8_t>(last);
  };
  return f.apply(get, set);
}

template <class Inspector>
bool inspect(Inspector& f, event_kind& kind) {
  return inspect_enum(f, kind, last_event_kind);
}

template <class Inspector>
bool inspect(Inspector& f, actor_kind& kind) {
  return inspect_enum(f, kind, actor_kind::connection);
}

template <class Inspector>
bool inspect(Inspector& f, event& value) {
  return f.object(value).fields(
    f.field("kind", value.kind), f.field("tunnel", value.tunnel),
    f.field("endpoint", value.endpoint), f.field("transport", value.transport),
    f.field("connection", value.connection), f.field("detail", value.detail),
    f.field("number", value.number), f.field("reason", value.reason),
    f.field("session", value.session), f.field("request_id", value.request_id),
    f.field("time_ms", value.time_ms), f.field("serial", value.serial),
    f.field("peer", value.peer), f.field("mapping", value.mapping));
}

template <class Inspector>
bool inspect(Inspector& f, event_filter& value) {
  return f.object(value).fields(f.field("kinds", value.kinds),
                                f.field("tunnel", value.tunnel));
}

template <class Inspector>
bool inspect(Inspector& f, subscribe& value) {
  return f.object(value).fields(f.field("filter", value.filter),
                                f.field("credit", value.credit),
                                f.field("after", value.after));
}

template <class Inspector>
bool inspect(Inspector& f, acknowledge& value) {
  return f.object(value).fields(f.field("count", value.count));
}

template <class Inspector>
bool inspect(Inspector& f, unsubscribe& value) {
  return f.object(value).fields();
}

template <class Inspector>
bool inspect(Inspector& f, missed& value) {
  return f.object(value).fields(f.field("count", value.count));
}

template <class Inspector>
bool inspect(Inspector& f, live_actor& value) {
  return f.object(value).fields(
    f.field("kind", value.kind), f.field("tunnel", value.tunnel),
    f.field("endpoint", value.endpoint), f.field("transport", value.transport),
    f.field("name", value.name), f.field("session", value.session),
    f.field("handle", value.handle));
}

template <class Inspector>
bool inspect(Inspector& f, enrol& value) {
  return f.object(value).fields(f.field("who", value.actor));
}

template <class Inspector>
bool inspect(Inspector& f, monitor_snapshot& value) {
  return f.object(value).fields(f.field("serial", value.serial),
                                f.field("node_id", value.node_id),
                                f.field("actors", value.actors));
}

template <class Inspector>
bool inspect(Inspector& f, get_actors& value) {
  return f.object(value).fields();
}

template <class Inspector>
bool inspect(Inspector& f, actor_list& value) {
  return f.object(value).fields(f.field("actors", value.actors));
}

template <class Inspector>
bool inspect(Inspector& f, get_counts& value) {
  return f.object(value).fields();
}

template <class Inspector>
bool inspect(Inspector& f, monitor_counts& value) {
  return f.object(value).fields(f.field("serial", value.serial),
                                f.field("by_kind", value.by_kind),
                                f.field("subscribers", value.subscribers));
}

} // namespace aps
