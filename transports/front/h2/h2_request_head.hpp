#pragma once

#include "transports/http/parser.hpp"
#include "transports/seam/frame.hpp"

#include <string_view>

namespace aps {

/// The head of an HTTP/2 request as HTTP/1.1 would have it: what is behind the
/// front knows one. An extended CONNECT (RFC 8441) for a WebSocket becomes the
/// upgrade that it stands for, one for anything else a CONNECT. `last`: no body
/// follows. `seed`: text of 16 bytes or more that differs each time.
message_head from_h2_request(header_list fields, bool last,
                             std::string_view seed);

} // namespace aps
