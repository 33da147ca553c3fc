#pragma once

#include "config/log_components.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The kinds of events, and what is known of each: one row of one table. A new
/// kind is an enumerator, a row, and a word in the API's description.
namespace aps {

/// New kinds go before `end`: the numbers travel.
enum class event_kind : uint8_t {
  tunnel_added,
  endpoint_up,
  endpoint_down,
  pool_created,
  pool_grown,
  pool_exhausted,
  connection_opened, ///< joined its pool, takes exchanges
  connection_refused,
  connection_idle_closed, ///< is drained because its pool is too large
  connection_expired,     ///< is drained because it is old
  connection_lost,        ///< ended otherwise than by draining
  connection_ejected,
  connection_readmitted,
  endpoint_degraded,
  endpoint_recovered,
  session_replaced,
  fallback_attempt,
  fallback_state,
  exchange_moved,
  exchange_failed,
  actor_restarted,
  node_draining,
  tunnel_changed,
  tunnel_removed,
  session_up,   ///< its first connection joined
  session_down, ///< its last connection ended
  connection_authenticated,
  connection_drained,   ///< ended in an orderly way
  connection_restarted, ///< an agent replaced one that was lost
  pool_shrunk,
  auth_failed,
  config_reloaded,
  fault_injected,
  admin_action,
  admin_refused,
  log_changed,
  limit_reached,  ///< somebody was refused or cut (seam/limits/limit.hpp)
  handler_failed, ///< an exception; it cost one connection
  // Once or more per request; made only while somebody subscribed to them.
  connection_leased,
  connection_returned,
  exchange_started,
  exchange_finished,
  // Now and then again.
  target_rests, ///< an endpoint's target refused, and is left alone for a while
  target_recovered,
  target_down,      ///< checks of an agent's target failed: it is passed over
  target_up,        ///< they are good again, or nobody checks any more
  endpoint_drained, ///< an operator took it out of rotation
  endpoint_undrained,
  session_drained,
  session_undrained,
  certificate_renewed, ///< of a server, after its files changed
  certificate_refused, ///< its files changed to something that is none
  certificate_ends,    ///< in 30, 7 or 1 days
  credential_revoked,  ///< or over; of agents
  mapping_published,   ///< by an agent
  mapping_withdrawn,   ///< with the last agent that published it
  publication_refused, ///< an agent does not get the name it asks for
  end,
};

/// How important the line of an event is.
enum class severity : uint8_t {
  trace, ///< its line is written where it happens, watched or not
  debug, ///< a documented line says the same
  info,
  warning,
};

/// How often a kind may happen.
enum class event_pace : uint8_t {
  seldom,
  mass,        ///< as often as visitors or strangers like
  per_request, ///< made only while somebody subscribed to it
};

/// What a sentence takes from its event.
enum class event_word : uint8_t {
  place, ///< "tunnel.endpoint", or as much of it as there is
  tunnel,
  transport, ///< as in a sentence
  connection,
  session,
  request,
  reason,
  detail,
  number,
  exchanges, ///< `number` of them: "1 exchange"
  again,     ///< "", " (once more)", " (2 more times)": `number`
  failure,   ///< how a request failed
  end,
};

inline constexpr std::array<std::string_view,
                            static_cast<size_t>(event_word::end)>
  event_words{"place",   "tunnel",  "transport", "connection",
              "session", "request", "reason",    "detail",
              "number",  "exchanges", "again",   "failure"};

/// The word between braces at `at` of a sentence, if it is one.
constexpr std::optional<event_word> event_word_at(std::string_view sentence,
                                                  size_t at) {
  const auto text = sentence.substr(at + 1, sentence.find('}', at) - at - 1);
  for (size_t i = 0; i < event_words.size(); ++i)
    if (event_words[i] == text)
      return static_cast<event_word>(i);
  return std::nullopt;
}

struct event_row {
  event_kind kind;
  std::string_view name; ///< of the API
  severity level;
  std::optional<log_component> component; ///< none = its pool's, or `hybrid`'s
  event_pace pace;
  std::string_view sentence; ///< with event words in braces
};

inline constexpr std::optional<log_component> of_pool = std::nullopt;

inline constexpr auto event_table = std::to_array<event_row>({
  {event_kind::tunnel_added, "tunnel-added", severity::info,
   log_component::tunnel, event_pace::seldom, "Tunnel {tunnel} is ready"},
  {event_kind::endpoint_up, "endpoint-up", severity::info,
   log_component::tunnel, event_pace::seldom, "Endpoint {place} is up"},
  {event_kind::endpoint_down, "endpoint-down", severity::warning,
   log_component::tunnel, event_pace::seldom,
   "Endpoint {place} has no connection any more"},
  {event_kind::pool_created, "pool-created", severity::info, of_pool,
   event_pace::seldom, "Created new pool for {place} {detail}"},
  {event_kind::pool_grown, "pool-grown", severity::info, of_pool,
   event_pace::seldom, "Pool {place} grows: {detail} ({number})"},
  {event_kind::pool_exhausted, "pool-exhausted", severity::warning, of_pool,
   event_pace::seldom,
   "Pool {place} is exhausted: {detail} (waiting: {number})"},
  {event_kind::connection_opened, "connection-opened", severity::info, of_pool,
   event_pace::seldom,
   "Connection {connection} joined pool {place} {detail} (size: {number})"},
  {event_kind::connection_refused, "connection-refused", severity::warning,
   log_component::auth, event_pace::mass,
   "Refused {transport} connection {connection} for {place}: {detail}"},
  {event_kind::connection_idle_closed, "connection-idle-closed", severity::info,
   of_pool, event_pace::seldom,
   "Closing idle connection {connection} in pool {place}"},
  {event_kind::connection_expired, "connection-expired", severity::info,
   of_pool, event_pace::seldom,
   "Closing expired connection {connection} in pool {place}"},
  {event_kind::connection_lost, "connection-lost", severity::warning, of_pool,
   event_pace::seldom, "Connection {connection} left pool {place}: {detail}"},
  {event_kind::connection_ejected, "connection-ejected", severity::warning,
   of_pool, event_pace::seldom,
   "Ejected connection {connection} from pool {place}: {detail}"},
  {event_kind::connection_readmitted, "connection-readmitted", severity::info,
   of_pool, event_pace::seldom,
   "Readmitted connection {connection} to pool {place}: {detail}"},
  {event_kind::endpoint_degraded, "endpoint-degraded", severity::warning,
   of_pool, event_pace::seldom, "Pool {place} is degraded: {detail}"},
  {event_kind::endpoint_recovered, "endpoint-recovered", severity::info,
   of_pool, event_pace::seldom, "Pool {place} recovered: {detail}"},
  {event_kind::session_replaced, "session-replaced", severity::info,
   log_component::tunnel, event_pace::seldom,
   "An agent of {place} came back; its former session {detail} is over"},
  {event_kind::fallback_attempt, "fallback-attempt", severity::warning,
   log_component::hybrid, event_pace::mass,
   "gRPC request failed for {place}, trying WebSocket fallback: {detail}"},
  {event_kind::fallback_state, "fallback-state", severity::info,
   log_component::hybrid, event_pace::seldom,
   "Endpoint {place} changed state: {detail}"},
  {event_kind::exchange_moved, "exchange-moved", severity::info,
   log_component::hybrid, event_pace::seldom,
   "Moving {exchanges} of {place} to another connection: {detail}"},
  {event_kind::exchange_failed, "exchange-failed", severity::warning,
   log_component::request, event_pace::mass, "{failure}"},
  {event_kind::actor_restarted, "actor-restarted", severity::warning,
   log_component::supervisor, event_pace::seldom, "Restarted {detail}"},
  {event_kind::node_draining, "node-draining", severity::info,
   log_component::node, event_pace::seldom, "Draining"},
  {event_kind::tunnel_changed, "tunnel-changed", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Tunnel {tunnel} changed: {detail}"},
  {event_kind::tunnel_removed, "tunnel-removed", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Tunnel {tunnel} is gone: {detail}"},
  {event_kind::session_up, "session-up", severity::debug, log_component::tunnel,
   event_pace::seldom, "Session {session} of {place} is up"},
  {event_kind::session_down, "session-down", severity::debug,
   log_component::tunnel, event_pace::seldom,
   "Session {session} of {place} has no connection any more"},
  {event_kind::connection_authenticated, "connection-authenticated",
   severity::debug, log_component::auth, event_pace::seldom,
   "Connection {connection} {detail} is {place}"},
  {event_kind::connection_drained, "connection-drained", severity::debug,
   of_pool, event_pace::seldom,
   "Connection {connection} of pool {place} is closed: {detail}"},
  {event_kind::connection_restarted, "connection-restarted", severity::debug,
   of_pool, event_pace::seldom,
   "Connection {connection} replaces a lost one in pool {place}"},
  {event_kind::pool_shrunk, "pool-shrunk", severity::debug, of_pool,
   event_pace::seldom, "Pool {place} shrinks: {detail} ({number})"},
  {event_kind::auth_failed, "auth-failed", severity::warning,
   log_component::auth, event_pace::mass,
   "Refused {transport} connection {connection} for {place}: {detail}"},
  {event_kind::config_reloaded, "config-reloaded", severity::info,
   log_component::node, event_pace::seldom, "Configuration reloaded: {detail}"},
  {event_kind::fault_injected, "fault-injected", severity::warning,
   log_component::admin, event_pace::seldom,
   "Fault in connection {connection} of {place}: {detail}"},
  {event_kind::admin_action, "admin-action", severity::info,
   log_component::admin, event_pace::seldom, "{detail}"},
  {event_kind::admin_refused, "admin-refused", severity::warning,
   log_component::admin, event_pace::mass, "{detail}"},
  {event_kind::log_changed, "log-changed", severity::info, log_component::admin,
   event_pace::seldom, "{detail}"},
  {event_kind::limit_reached, "limit-reached", severity::warning,
   log_component::limit, event_pace::mass,
   "{reason} reached by {detail}{again}"},
  {event_kind::handler_failed, "handler-failed", severity::warning,
   log_component::node, event_pace::seldom,
   "A connection was given up because of an exception: {detail}"},
  {event_kind::connection_leased, "connection-leased", severity::trace, of_pool,
   event_pace::per_request,
   "Connection {connection} acquired from pool {place}"},
  {event_kind::connection_returned, "connection-returned", severity::trace,
   of_pool, event_pace::per_request,
   "Connection {connection} returned to pool {place}"},
  {event_kind::exchange_started, "exchange-started", severity::trace,
   log_component::request, event_pace::per_request,
   "{request} started: {detail}"},
  {event_kind::exchange_finished, "exchange-finished", severity::trace,
   log_component::request, event_pace::per_request,
   "{request} finished: {detail}"},
  {event_kind::target_rests, "target-rests", severity::warning,
   log_component::tunnel, event_pace::seldom, "Endpoint {place}: {detail}"},
  {event_kind::target_recovered, "target-recovered", severity::info,
   log_component::tunnel, event_pace::seldom, "Endpoint {place}: {detail}"},
  {event_kind::target_down, "target-down", severity::warning,
   log_component::tunnel, event_pace::seldom, "Endpoint {place}: {detail}"},
  {event_kind::target_up, "target-up", severity::info, log_component::tunnel,
   event_pace::seldom, "Endpoint {place}: {detail}"},
  {event_kind::endpoint_drained, "endpoint-drained", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Endpoint {place} is out of rotation, by {detail}"},
  {event_kind::endpoint_undrained, "endpoint-undrained", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Endpoint {place} is back in rotation, by {detail}"},
  {event_kind::session_drained, "session-drained", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Session {session} of {place} is out of rotation, by {detail}"},
  {event_kind::session_undrained, "session-undrained", severity::info,
   log_component::tunnel, event_pace::seldom,
   "Session {session} of {place} is back in rotation, by {detail}"},
  {event_kind::certificate_renewed, "certificate-renewed", severity::info,
   log_component::node, event_pace::seldom, "{detail}"},
  {event_kind::certificate_refused, "certificate-refused", severity::warning,
   log_component::node, event_pace::seldom, "{detail}"},
  {event_kind::certificate_ends, "certificate-ends", severity::warning,
   log_component::node, event_pace::seldom, "{detail}"},
  {event_kind::credential_revoked, "credential-revoked", severity::warning,
   log_component::auth, event_pace::seldom,
   "Credential {detail} of tunnel {place} counts no more; its sessions end"},
  {event_kind::mapping_published, "mapping-published", severity::info,
   log_component::tunnel, event_pace::mass, "{place} publishes {detail}"},
  {event_kind::mapping_withdrawn, "mapping-withdrawn", severity::info,
   log_component::tunnel, event_pace::mass,
   "{place} publishes {detail} no more"},
  {event_kind::publication_refused, "publication-refused", severity::warning,
   log_component::tunnel, event_pace::mass,
   "{place} does not get a name: {detail}"},
});

inline constexpr size_t event_kinds = event_table.size();

static_assert(event_kinds == static_cast<size_t>(event_kind::end),
              "each kind has a row");
static_assert([] {
  for (size_t i = 0; i < event_kinds; ++i)
    if (static_cast<size_t>(event_table[i].kind) != i)
      return false;
  return true;
}(), "in the order of the kinds");
static_assert([] {
  for (const auto& row : event_table)
    for (auto at = row.sentence.find('{'); at != row.sentence.npos;
         at = row.sentence.find('{', at + 1))
      if (!event_word_at(row.sentence, at))
        return false;
  return true;
}(), "sentences have known words");

constexpr const event_row& row_of(event_kind kind) {
  return event_table[static_cast<size_t>(kind)];
}

constexpr std::optional<event_kind> event_kind_named(std::string_view name) {
  for (const auto& row : event_table)
    if (row.name == name)
      return row.kind;
  return std::nullopt;
}

// -- sets ---------------------------------------------------------------------

/// A set of kinds.
using kind_set = uint64_t;

static_assert(event_kinds < 64, "each kind has a bit of a set");

constexpr kind_set set_of(event_kind kind) {
  return kind_set{1} << static_cast<unsigned>(kind);
}

constexpr kind_set set_of(event_pace pace) {
  kind_set out = 0;
  for (const auto& row : event_table)
    if (row.pace == pace)
      out |= set_of(row.kind);
  return out;
}

inline constexpr kind_set all_kinds = (kind_set{1} << event_kinds) - 1;
inline constexpr kind_set per_request_kinds = set_of(event_pace::per_request);
inline constexpr kind_set life_cycle_kinds = all_kinds & ~per_request_kinds;

} // namespace aps
