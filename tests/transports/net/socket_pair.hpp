#pragma once

#include "transports/net/sockets/sockets.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace aps::test {

/// Both ends of one TCP connection on loopback.
struct socket_pair {
  using tcp = boost::asio::ip::tcp;

  explicit socket_pair(boost::asio::io_context& context,
                       tcp::endpoint at
                       = {boost::asio::ip::address_v4::loopback(), 0})
      : ours(context), theirs(context) {
    tcp::acceptor acceptor{context, at};
    theirs.connect(acceptor.local_endpoint());
    ours = acceptor.accept(context);
  }

  tcp_socket ours;
  tcp_socket theirs;
};

} // namespace aps::test
