#pragma once

#include "transports/net/byte_stream.hpp"

#include <boost/beast/websocket/teardown.hpp>

#include <utility>

namespace aps {

// How Beast ends the connection under a WebSocket whose closing handshake is
// over; it finds these by the type of the stream.

inline void teardown(boost::beast::role_type role, byte_stream& stream,
                     boost::system::error_code& error) {
  boost::beast::websocket::teardown(role, stream.socket(), error);
}

template <class Handler>
void async_teardown(boost::beast::role_type role, byte_stream& stream,
                    Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.socket(),
                                          std::forward<Handler>(handler));
}

} // namespace aps
