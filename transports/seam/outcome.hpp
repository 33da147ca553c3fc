#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aps {

/// How an exchange ended. The numbers are wire format (Reset.code).
enum class outcome : uint8_t {
  ok = 0,
  // Answered by the node before a tunnel was involved.
  bad_request = 1,
  header_too_large = 2,
  body_too_large = 3,
  no_mapping = 4,
  not_implemented = 5,
  expectation_failed = 6,
  loop_detected = 7,
  unauthorized = 8,
  forbidden = 9,
  // No way to carry the request; nothing of it was sent.
  no_endpoint = 10,
  no_connection = 11,
  pool_exhausted = 12,
  acquire_timeout = 13,
  draining = 14,
  overloaded = 15,
  address_share = 16,
  rate_limited = 17,
  login_unavailable = 18,
  // The transport failed under the request.
  not_sent = 20,
  started_unknown = 21,
  cut = 22,
  transport_unavailable = 23,
  attempts_exhausted = 24,
  // The agent could not get an answer from the origin.
  origin_unresolved = 30,
  origin_refused = 31,
  origin_unreachable = 32,
  origin_tls = 33,
  origin_protocol = 34,
  origin_closed = 35,
  origin_timeout = 36,
  target_forbidden = 37,
  // Deadlines of the node.
  first_byte_timeout = 40,
  body_timeout = 41,
  idle_timeout = 42,
  total_timeout = 43,
  // The visitor.
  visitor_gone = 50,
  visitor_stalled = 51,
  // Anything that should not happen.
  internal = 60,
  // Answered by the node, too.
  proxy_auth_required = 70,
  foreign_origin = 71,
};

/// The machine-readable word of the `Aps-Outcome` header, e.g. "no-endpoint".
std::string_view to_string(outcome outcome) noexcept;

/// The class that counts are kept by: ok, node, unavailable, transport,
/// origin, timeout, visitor or internal.
std::string_view class_of(outcome outcome) noexcept;

/// One sentence for humans.
std::string_view render(outcome outcome) noexcept;

/// The one place that maps outcomes to HTTP status codes (RFC 9110, 15).
unsigned status_of(outcome outcome) noexcept;

/// The outcome with this wire number; `internal` for unknown numbers.
outcome outcome_from(uint32_t number) noexcept;

/// Why a link ended: typed transport failures. Nothing matches error text.
enum class link_error : uint8_t {
  none = 0,         ///< closed on purpose by our side or by the peer
  lost,             ///< reset, EOF without a closing handshake, I/O error
  refused,          ///< the connection or its handshake was refused
  unavailable,      ///< gRPC UNAVAILABLE, host unreachable
  timed_out,        ///< connect, handshake or gRPC deadline passed
  stalled,          ///< frames outstanding and silence beyond the limit
  exhausted,        ///< RESOURCE_EXHAUSTED, close code 1013
  unauthenticated,  ///< bad password, unknown tunnel
  protocol,         ///< the peer broke the protocol
  too_large,        ///< a message over the limit
};

std::string_view to_string(link_error error) noexcept;

/// One sentence for humans, e.g. "connection lost".
std::string_view render(link_error error) noexcept;

/// The same with what else is known; a detail that says it already stands
/// alone.
std::string render(link_error error, std::string_view detail);

/// Whether the transport failed, and not what was said over it: such failures
/// speak against the transport, and the same frames may fare better elsewhere.
constexpr bool is_transport_failure(link_error error) noexcept {
  return error != link_error::none && error != link_error::protocol
         && error != link_error::too_large
         && error != link_error::unauthenticated;
}

/// Why our side closes a link; tells the peer whether to dial again.
enum class close_reason : uint8_t {
  normal,    ///< no longer needed (idle, aged and replaced)
  shutdown,  ///< the process goes away
  refused,   ///< not admitted
  exhausted, ///< the pool is full: try later
  protocol,  ///< the peer broke the protocol
  stalled,   ///< no sign of life
};

std::string_view to_string(close_reason reason) noexcept;

} // namespace aps
