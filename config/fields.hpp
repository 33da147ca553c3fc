#pragma once

#include "config/config.hpp"

#include <nlohmann/json_fwd.hpp>

#include <variant>

/// The plain keys of the file, a line each: numbers, times and switches. The
/// reader, `show`, what a reload takes over, and (by `tools/config_keys`) the
/// schema, the table of README.md and the full example all come from here.
/// Defaults are those of the members in config.hpp.
namespace aps::config {

/// The longest deadline anybody may ask for: a week.
inline constexpr double max_seconds = 7 * 24 * 3600;

/// The shortest deadline that is not "off".
inline constexpr double min_seconds = 0.001;

/// What a number or a time may be, ends included; whole numbers up to 2^53.
struct value_range {
  double low;
  double high;
  bool or_zero = false; ///< of times: 0 too, which switches them off
};

/// When a value that changed in the file is used.
enum class change : uint8_t {
  live,    ///< with SIGHUP
  restart, ///< with the next start
};

template <class Section>
struct field {
  const char* key;
  std::variant<bool Section::*, uint32_t Section::*, uint64_t Section::*,
               seconds Section::*>
    member;
  value_range range;
  change used;
  const char* meaning; ///< without a full stop, for schema and README
};

/// A value as a file writes it: times in seconds.
constexpr double plain(seconds value) {
  return value.count();
}

template <class T>
constexpr T plain(T value) {
  return value;
}

/// The plain keys as JSON, a list of objects: `section` with the places where
/// its keys stand ("tunnels.<name>", "mappings[].health"), and `key`, `type`
/// (boolean, integer or seconds), `low`, `high`, `or_zero`, `default`, `live`,
/// `meaning`.
nlohmann::json plain_keys();

/// In the order in which problems and lists of keys name them.
namespace fields {

using enum change;

inline constexpr value_range a_switch{0, 1};
inline constexpr value_range deadline{min_seconds, max_seconds};
inline constexpr value_range deadline_or_none{min_seconds, max_seconds, true};
inline constexpr value_range wait{0, max_seconds};
inline constexpr value_range percent{0, 100};
inline constexpr value_range exact_bytes{0, 9007199254740991}; // 2^53 - 1
inline constexpr value_range rate{0, 1e9};
inline constexpr value_range connections{1, 1e6};
inline constexpr value_range in_a_row{1, 100};

// clang-format off

inline constexpr field<http> http[] = {
  {"max_header_bytes", &http::max_header_bytes, {256, 1 << 24}, restart,
   "size of a request head; a frame takes no more than 262144, so that is the "
   "most that counts"},
  {"max_headers", &http::max_headers, {1, 10000}, restart,
   "header fields of a request; likewise 1000; with `max_header_bytes` for 4 "
   "bytes each, unless left out"},
  {"max_body_bytes", &http::max_body_bytes, exact_bytes, restart,
   "size of a request body; 0 = no limit"},
  {"header_timeout", &http::header_timeout, deadline, restart,
   "from the first byte of a request head to its last"},
  {"body_timeout", &http::body_timeout, deadline, restart,
   "silence inside a request body, and the time over which `min_receive_rate` "
   "is measured"},
  {"idle_timeout", &http::idle_timeout, deadline, restart,
   "between two requests of one connection"},
  {"first_byte_timeout", &http::first_byte_timeout, deadline, restart,
   "from the end of a request to its response head"},
  {"write_timeout", &http::write_timeout, deadline_or_none, restart,
   "how long a visitor may take nothing of what waits for it, and the time "
   "over which `min_send_rate` is measured; 0 = for ever"},
  {"min_receive_rate", &http::min_receive_rate, rate, restart,
   "bytes per second of a request body, while there is credit for it; 0 = any"},
  {"min_send_rate", &http::min_send_rate, rate, restart,
   "bytes per second that a visitor takes of what waits for it; all that "
   "waits is enough, too; 0 = any"},
  {"half_close_timeout", &http::half_close_timeout, deadline, restart,
   "how long a visitor of HTTP/1.1 that ended its direction waits for the next bytes of "
   "its answer; it may have left"},
  {"continue_timeout", &http::continue_timeout, deadline_or_none, restart,
   "how long the target has to answer `Expect: 100-continue`; then the node "
   "does"},
  {"discard_timeout", &http::discard_timeout, deadline, restart,
   "how long a body is read and dropped after its answer"},
  {"discard_bytes", &http::discard_bytes, exact_bytes, restart,
   "how much of a body is read and dropped after its answer"},
  {"error_detail", &http::error_detail, a_switch, restart,
   "whether all visitors hear why a request failed behind the node (addresses "
   "of targets, for one); visitors on the node's own machine always do, and a "
   "404 lists the mappings for them"},
  {"handshake_timeout", &http::handshake_timeout, deadline, restart,
   "from the beginning of a connection to the end of its TLS handshake"},
};

inline constexpr field<limits> limits[] = {
  {"max_connections", &limits::max_connections, connections, restart,
   "connections to one server, and to `admin`; those of agents do not count"},
  {"max_connections_per_address", &limits::max_connections_per_address,
   connections, restart, "the same, of one IPv4 address or /64 of IPv6"},
  {"max_unauthenticated", &limits::max_unauthenticated, connections, restart,
   "connections to one server without a complete request or a proof so far; "
   "of the address that has most of them the oldest makes room"},
  {"max_unauthenticated_per_address", &limits::max_unauthenticated_per_address,
   connections, restart, "the same, of one IPv4 address or /64 of IPv6"},
  {"max_handshakes_per_address", &limits::max_handshakes_per_address,
   {0, 1'000'000}, restart,
   "TLS handshakes per second that one address may begin at a server, ten "
   "seconds' worth at once; those of agents that prove themselves do not "
   "count; 0 = any"},
  {"address_share", &limits::address_share, {1, 100}, restart,
   "percent of a pool's places that the requests of one address may have; 100 "
   "= all"},
};

inline constexpr field<server> server[] = {
  {"agents", &server::agents, a_switch, restart,
   "whether agents dial in here; without, no tunnel may name it"},
  {"redirect_https", &server::redirect_https, {0, 65535}, restart,
   "visitors whose request no mapping takes are sent to https:// at this port "
   "(308), agents are not; 0 = nobody is"},
  {"proxy_protocol", &server::proxy_protocol, a_switch, restart,
   "connections come from `trusted_proxies` alone and begin with a header of "
   "the PROXY protocol, version 1 or 2; see below"},
};

inline constexpr field<pool> pool[] = {
  {"enabled", &pool::enabled, a_switch, live, "whether there is this pool"},
  {"pool_size", &pool::pool_size, {0, 1000}, live,
   "connections kept ready; at most `max_pool_size`"},
  {"max_pool_size", &pool::max_pool_size, {1, 1000}, live, "never exceeded"},
  {"idle_timeout", &pool::idle_timeout, deadline, live,
   "above `pool_size`, a connection without work is closed after this time"},
  {"max_lifetime", &pool::max_lifetime, deadline, live,
   "a connection of this age is replaced"},
  {"max_requests_per_connection", &pool::max_requests_per_connection,
   {1, 65535}, live, "exchanges on one connection at a time; 1 = exclusive"},
  {"max_waiting", &pool::max_waiting, {0, 1e6}, live,
   "requests waiting for a connection; more get 503"},
  {"acquire_timeout", &pool::acquire_timeout, wait, live,
   "how long they wait; 0 = not at all"},
  {"ping_interval", &pool::ping_interval, deadline, live,
   "between two health checks of a connection; five times that while it had "
   "no request for 10 s"},
  {"stall_timeout", &pool::stall_timeout, deadline, live,
   "silence with frames outstanding before a ping is sent"},
  {"ping_timeout", &pool::ping_timeout, deadline, live,
   "no answer to a ping by then: the connection is dead"},
  {"target_utilization", &pool::target_utilization, {5, 100}, live,
   "percent of all places in use that the size of the pool aims at"},
  {"utilization_hysteresis", &pool::utilization_hysteresis, {0, 95}, live,
   "so many percent points below the target the pool is too large; below "
   "`target_utilization`"},
  {"growth_cooldown", &pool::growth_cooldown, wait, live,
   "between two questions for more connections"},
  {"lifetime_grace", &pool::lifetime_grace, wait, live,
   "after `max_lifetime`, what still runs then moves to another connection"},
  {"ejection_failures", &pool::ejection_failures, {1, 1000}, live,
   "so many recent failures eject a connection for a while"},
  {"ejection_time", &pool::ejection_time, deadline, live,
   "how long for the first time; doubles each time"},
  {"max_ejection_percent", &pool::max_ejection_percent, percent, live,
   "so many of a pool's connections may be ejected at a time, never the last"},
  {"restart_intensity", &pool::restart_intensity, {1, 10000}, live,
   "more losses than this within `restart_window` mark the endpoint as "
   "degraded"},
  {"restart_window", &pool::restart_window, deadline, live,
   "see `restart_intensity`"},
};

/// What of the breaker stands in a pool.
inline constexpr field<fallback> fallback_switch[] = {
  {"fallback_enabled", &fallback::enabled, a_switch, live,
   "fallback from gRPC to WebSocket"},
  {"fallback_threshold", &fallback::threshold, {1, 1000}, live,
   "consecutive gRPC failures until fallback"},
};

inline constexpr field<fallback> breaker[] = {
  {"hold_down", &fallback::hold_down, deadline, live,
   "in fallback, before the first probe of gRPC; at most `max_hold_down`"},
  {"max_hold_down", &fallback::max_hold_down, deadline, live,
   "`hold_down` doubles up to this when gRPC flaps"},
  {"good_probes", &fallback::good_probes, in_a_row, live,
   "good probes in a row that lead back to gRPC"},
  {"probe_timeout", &fallback::probe_timeout, deadline, live,
   "a probe without an answer by then is a bad one"},
};

inline constexpr field<tunnel> tunnel[] = {
  {"enabled", &tunnel::enabled, a_switch, restart,
   "whether it works; without, its agents are refused and its mappings answer "
   "503"},
  {"max_endpoints", &tunnel::max_endpoints, {1, 100000}, restart,
   "names that agents may serve at a time; more are refused (`endpoints`); a "
   "name is forgotten a minute after its last connection"},
  {"exchange_window", &tunnel::exchange_window, {16384, 4194304}, restart,
   "bytes of an answer that may be under way, kept by the agent for a resume "
   "until they arrived"},
  {"exchange_window_max", &tunnel::exchange_window_max, {16384, 16777216},
   restart,
   "what it grows to, either way, where it holds a transfer back; at least "
   "`exchange_window`"},
  {"resume_time", &tunnel::resume_time, wait, live,
   "how long the agent keeps an exchange that lost its connection; 0 = not at "
   "all"},
  {"reconnect_grace", &tunnel::reconnect_grace, wait, live,
   "how long requests wait for an agent that lost all its connections, unless "
   "it said goodbye; at most `max_waiting` new ones, first come first served; "
   "0 = not at all; left out = as `resume_time`"},
  {"require_tls", &tunnel::require_tls, a_switch, live,
   "refuses agents without TLS, or with somebody in between who ends it"},
};

inline constexpr field<health_check> health[] = {
  {"interval", &health_check::interval, {0.1, max_seconds}, live,
   "from check to check of one agent; the first comes within this time"},
  {"timeout", &health_check::timeout, deadline, live, "for a whole answer"},
  {"fall", &health_check::fall, in_a_row, live,
   "bad checks in a row after which an agent is passed over"},
  {"rise", &health_check::rise, in_a_row, live,
   "good checks in a row after which it is asked again"},
};

inline constexpr field<mapping> mapping[] = {
  {"allow_encoded_slash", &mapping::allow_encoded_slash, a_switch, live,
   "takes paths with `%2f` although `from` or `to` has a path; see below"},
  {"hsts", &mapping::hsts, {0, 63072000}, live,
   "seconds for which browsers shall use nothing but https here "
   "(`Strict-Transport-Security`, over TLS only); 0 = nothing is said"},
  {"http2", &mapping::http2, a_switch, live,
   "asks an `https://` target in HTTP/2 where it offers that (ALPN); `h2c://` "
   "in `to` asks for it without TLS"},
  {"accept_proxy", &mapping::accept_proxy, a_switch, live,
   "of `tcp://`: connections come from `trusted_proxies` alone and begin with a "
   "header of the PROXY protocol"},
  {"idle_timeout", &mapping::idle_timeout, deadline_or_none, live,
   "of a stream: as `streams.idle_timeout`; 0 = what stands there"},
  {"terminate", &mapping::terminate, a_switch, live,
   "of `tls://`: TLS ends at the node, with the certificates of the server at "
   "that port; otherwise the bytes pass as they came"},
};

inline constexpr field<timeouts> timeouts[] = {
  {"first_byte_timeout", &timeouts::first_byte_timeout, deadline_or_none, live,
   "instead of `http.first_byte_timeout`; 0 = that one"},
  {"idle_timeout", &timeouts::idle_timeout, deadline_or_none, live,
   "how long nothing may pass, either way, behind the head of an answer, event "
   "streams and WebSockets included; 0 = no limit beside that of `targets` or "
   "of the agent"},
  {"total_timeout", &timeouts::total_timeout, deadline_or_none, live,
   "from the request's head to the end of its answer, unless it was upgraded; "
   "0 = no limit"},
};

inline constexpr field<retry> retry[] = {
  {"attempts", &retry::attempts, {2, 10}, live,
   "endpoints that are asked at most, the first one too"},
  {"budget", &retry::budget, percent, live,
   "percent of the mapping's requests of the last ten seconds that may be sent "
   "again, and ten in any case; 0 = none"},
};

inline constexpr field<copies> copies[] = {
  {"max_body_bytes", &copies::max_body_bytes, {0, 1 << 20}, live,
   "a request with a larger body is not copied"},
  {"max_in_flight", &copies::max_in_flight, {1, 10000}, live,
   "copies of this mapping's requests under way at a time; more are left out"},
};

inline constexpr field<compression> compression[] = {
  {"min_length", &compression::min_length, {0, 1 << 24}, live,
   "bytes from which on a body is compressed whose length is known"},
};

inline constexpr field<publishing> publishing[] = {
  {"max_names", &publishing::max_names, {1, 1000}, live,
   "names that one agent may publish at a time"},
};

inline constexpr field<quota> quota[] = {
  {"requests", &quota::requests, rate, live,
   "requests in `period`; more get 429 with `Retry-After`; 0 = any"},
  {"period", &quota::period, deadline, live, "see `requests`"},
  {"burst", &quota::burst, rate, live,
   "requests at once, which then come back with `period`; 0 = as `requests`"},
  {"concurrent_requests", &quota::concurrent_requests, {0, 1e6}, live,
   "requests under way at a time, WebSockets too; more get 429; 0 = any"},
  {"max_body_bytes", &quota::max_body_bytes, exact_bytes, live,
   "size of a request body; larger ones get 413; 0 = as `http.max_body_bytes`"},
};

inline constexpr field<forward_auth> forward_auth[] = {
  {"timeout", &forward_auth::timeout, deadline, live,
   "for the head of the login service's answer; then the visitor gets 503"},
  {"cache_time", &forward_auth::cache_time, {0, 3600}, live,
   "how long the same question is not asked again once the answer was 2xx; 0 "
   "= each request is asked about"},
};

inline constexpr field<auth> auth[] = {
  {"pass_authorization", &auth::pass_authorization, a_switch, live,
   "targets get the `Authorization` that named a user here, too"},
};

inline constexpr field<admin> admin[] = {
  {"keep_exchanges", &admin::keep_exchanges, {0, 100000}, restart,
   "ended exchanges that can still be looked at"},
  {"actor_metrics", &admin::actor_metrics, a_switch, restart,
   "metrics of mailboxes and running times of the actors"},
};

inline constexpr field<log> log[] = {
  {"requests", &log::requests, a_switch, restart,
   "a line for each request that is over"},
};

inline constexpr field<io> io[] = {
  {"threads", &io::threads, {0, 256}, restart, "I/O units; 0 = one per core"},
};

inline constexpr field<targets> targets[] = {
  {"connect_timeout", &targets::connect_timeout, deadline, restart,
   "to resolve, connect to and shake hands with a target of a mapping without "
   "`via`"},
  {"read_timeout", &targets::read_timeout, deadline_or_none, restart,
   "its silence inside an answer, event streams and upgrades excepted; 0 = no "
   "limit"},
  {"send_timeout", &targets::send_timeout, deadline_or_none, restart,
   "how long it takes nothing of a request; 0 = no limit"},
  {"min_rate", &targets::min_rate, {0, 1e6}, restart,
   "bytes per second that it sends or takes, over such a time; 0 = any"},
};

inline constexpr field<streams> streams[] = {
  {"idle_timeout", &streams::idle_timeout, deadline, restart,
   "a stream over which no byte passes, in either direction, is cut after this "
   "time"},
  {"write_timeout", &streams::write_timeout, deadline_or_none, restart,
   "how long a visitor may take nothing of what waits for it; 0 = as long as "
   "the stream lives"},
  {"udp_idle_timeout", &streams::udp_idle_timeout, deadline, restart,
   "the same as `idle_timeout` for `udp://`, whose sessions have no other end"},
};

// clang-format on

} // namespace fields

/// Where quotas stand below `quota`; "" = there itself.
struct quota_row {
  const char* key;
  quota quotas::*settings;
};

inline constexpr quota_row quota_table[] = {
  {"", &quotas::all},
  {"per_user", &quotas::per_user},
  {"per_address", &quotas::per_address},
};

} // namespace aps::config
