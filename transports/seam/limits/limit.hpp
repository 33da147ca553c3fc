#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace aps {

/// What somebody outside reached, so that the node refused or ended something
/// for it. One row per kind in `limit_table`; `front::on_limit` tells.
enum class limit : uint8_t {
  connections,         ///< of the server, in total
  address_connections, ///< of one address
  unauthenticated,     ///< peers that proved nothing yet
  descriptors,         ///< of the process; the reserve is for tunnel and admin
  poll_links,          ///< unauthenticated polling links
  address_share,       ///< of a pool's places, for one visitor address
  header_time,         ///< a request head that comes too slowly
  receive_rate,        ///< a body from outside that comes too slowly
  send_rate,           ///< a peer that takes its bytes too slowly
  blank_lines,         ///< before a request line
  attempts,            ///< a request that ended its connection each time
  loop,                ///< a request that came back to its node
  login_rate,          ///< guesses at a password or token
  event_streams,       ///< of the admin listener
  endpoints,           ///< of a tunnel or session
  tunnel_descriptors,  ///< a tunnel's share of the process's
  frame_field,         ///< of a frame, over what the protocol allows
  handshake,           ///< a TLS handshake that failed
  handshake_time,      ///< one that comes too slowly
  handshake_rate,      ///< of TLS, for one address
  request_rate,        ///< of a quota: requests in a time
  concurrent_requests, ///< of a quota: requests at a time
  request_body,        ///< of a quota: bytes of one body
  untrusted_proxy,     ///< who speaks for others, and may not
  proxy_header,        ///< of the PROXY protocol: malformed, or late
};

inline constexpr auto last_limit = limit::proxy_header;
inline constexpr size_t limit_kinds = static_cast<size_t>(last_limit) + 1;

struct limit_row {
  limit kind;
  std::string_view name; ///< the word of metrics, events and the API
};

inline constexpr std::array<limit_row, limit_kinds> limit_table{{
  {limit::connections, "connections"},
  {limit::address_connections, "address-connections"},
  {limit::unauthenticated, "unauthenticated"},
  {limit::descriptors, "descriptors"},
  {limit::poll_links, "poll-links"},
  {limit::address_share, "address-share"},
  {limit::header_time, "header-time"},
  {limit::receive_rate, "receive-rate"},
  {limit::send_rate, "send-rate"},
  {limit::blank_lines, "blank-lines"},
  {limit::attempts, "attempts"},
  {limit::loop, "loop"},
  {limit::login_rate, "login-rate"},
  {limit::event_streams, "event-streams"},
  {limit::endpoints, "endpoints"},
  {limit::tunnel_descriptors, "tunnel-descriptors"},
  {limit::frame_field, "frame-field"},
  {limit::handshake, "failed-handshake"},
  {limit::handshake_time, "handshake-time"},
  {limit::handshake_rate, "handshake-rate"},
  {limit::request_rate, "request-rate"},
  {limit::concurrent_requests, "concurrent-requests"},
  {limit::request_body, "request-body"},
  {limit::untrusted_proxy, "untrusted-proxy"},
  {limit::proxy_header, "proxy-header"},
}};

namespace detail {
constexpr bool in_order() {
  for (size_t i = 0; i < limit_kinds; ++i)
    if (static_cast<size_t>(limit_table[i].kind) != i)
      return false;
  return true;
}
static_assert(in_order(), "limit_table has a row per kind, in their order");
} // namespace detail

/// The word, e.g. "send-rate".
constexpr std::string_view to_string(limit kind) noexcept {
  return limit_table[static_cast<size_t>(kind)].name;
}

} // namespace aps
