#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace aps {

/// A TCP socket whose type names its loop: Asio then calls handlers at once,
/// instead of through a type-erased executor that each operation copies about.
using tcp_socket
  = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                     boost::asio::io_context::executor_type>;

/// The other side, an IPv4 address never mapped into IPv6; port 0 = there is
/// none any more.
boost::asio::ip::tcp::endpoint peer_of(const tcp_socket& socket);

/// The same end, with an IPv4 address instead of one mapped into IPv6
/// (RFC 4291, 2.5.5.2), as a port that takes both sees it.
boost::asio::ip::tcp::endpoint
without_mapping(const boost::asio::ip::tcp::endpoint& endpoint);

/// "ip:port", with brackets around IPv6 addresses.
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

/// Both ends of a connection as `request_head::proxy_ends` has them, "SOURCE
/// DESTINATION", no address mapped.
std::string ends_of(const boost::asio::ip::tcp::endpoint& source,
                    const boost::asio::ip::tcp::endpoint& destination);

/// Takes the descriptor out of a socket, set to non-blocking; the caller owns
/// it. -1 when the socket is not open.
int release_non_blocking(tcp_socket& socket);

} // namespace aps
