#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace aps {

/// "ip:port" of the other side; empty when there is none any more.
std::string address_of_peer(const boost::asio::ip::tcp::socket& socket);

/// "ip:port", with brackets around IPv6 addresses.
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

/// Takes the descriptor out of a socket, set to non-blocking; the caller owns
/// it. -1 when the socket is not open.
int release_non_blocking(boost::asio::ip::tcp::socket& socket);

} // namespace aps
