#include "transports/net/sockets.hpp"

#include <fcntl.h>

namespace aps {

using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

std::string address_of_peer(const tcp::socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  return error ? std::string{} : to_string(peer);
}

std::string to_string(const tcp::endpoint& endpoint) {
  const auto ip = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + ip + "]:" + port : ip + ":" + port;
}

int release_non_blocking(tcp::socket& socket) {
  error_code error;
  const int fd = socket.release(error);
  if (error)
    return -1;
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

} // namespace aps
