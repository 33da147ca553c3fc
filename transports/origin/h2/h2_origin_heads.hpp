#pragma once

#include "transports/seam/frame.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// Whether it asks for a WebSocket, which HTTP/2 knows (RFC 8441); it knows no
/// other upgrade.
bool is_websocket(const request_head& head) noexcept;

/// The head of a request as HTTP/2 has it (RFC 9113, 8.3.1), pseudo-header
/// fields in front; null when it cannot be said. Trailers are welcome: they are
/// passed on, and gRPC asks for that.
std::optional<header_list> to_h2_request(const request_head& head);

/// An answer's head from HTTP/2; null when its status is none. `last`: nothing
/// follows it. `head_request`: it answers a HEAD.
response_head_ptr from_h2_response(header_list fields, bool last,
                                   bool head_request);

/// The 101 that `granted`, a success, stands for (RFC 8441, 5); `accept` is its
/// Sec-WebSocket-Accept.
response_head_ptr to_switching(const response_head& granted,
                               std::string accept);

/// What accepts a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string socket_accept(std::string_view key);

} // namespace aps
