#pragma once

#include "transports/seam/outcome.hpp"
#include "transports/wire/codec.hpp"

#include <boost/system/error_code.hpp>

namespace aps {

/// The one place where what sockets, WebSockets and gRPC report becomes a
/// link_error, and the way back from a close_reason to what the peer is told.
/// The tables stand in transports/README.md, too. Never by error text.

/// Errors of sockets, of Beast's HTTP and of Beast's WebSockets.
link_error classify_socket_error(const boost::system::error_code& error);

/// Close codes of the peer (RFC 6455, 7.4.1); 0 = no close frame came.
link_error classify_close_code(uint16_t code) noexcept;

/// An error code of HTTP/2 (RFC 9113, 7) with which a stream or a connection
/// was ended.
link_error classify_h2_code(uint32_t code) noexcept;

/// A status code of gRPC; unknown numbers too.
link_error classify_grpc_status(int code) noexcept;

/// What a message that cannot be taken means for its link.
link_error link_error_of(const codec_fault& fault) noexcept;

/// The close code that tells the peer why we close.
uint16_t close_code_of(close_reason why) noexcept;

/// The gRPC status code that tells the peer why we close.
int grpc_status_of(close_reason why) noexcept;

} // namespace aps
