#pragma once

#include "transports/seam/frame.hpp"

namespace aps {

/// Whether the answer may be silent for as long as nothing happens at its
/// origin: an event stream, or what a gRPC server streams.
bool is_event_stream(const header_list& headers) noexcept;

/// Whether these fields of a request or answer authenticate the connection and
/// not the request (NTLM, Negotiate), whatever RFC 9110, 11.2 says.
bool authenticates_connection(const header_list& headers) noexcept;

} // namespace aps
