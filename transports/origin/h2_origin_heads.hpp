#pragma once

#include "transports/seam/frame.hpp"

#include <optional>

namespace aps {

/// The head of a request as HTTP/2 has it (RFC 9113, 8.3.1), pseudo-header
/// fields in front; null when it cannot be said. Trailers are welcome: they are
/// passed on, and gRPC asks for that.
std::optional<header_list> to_h2_request(const request_head& head);

/// An answer's head from HTTP/2; null when its status is none. `last`: nothing
/// follows it. `head_request`: it answers a HEAD.
response_head_ptr from_h2_response(header_list fields, bool last,
                                   bool head_request);

} // namespace aps
