#include "transports/net/sockets/sockets.hpp"

#include "config/host.hpp"

#include <fcntl.h>

namespace aps {

namespace ip = boost::asio::ip;
using boost::system::error_code;
using ip::tcp;

tcp::endpoint peer_of(const tcp_socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  return error ? tcp::endpoint{} : without_mapping(peer);
}

tcp::endpoint without_mapping(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (!address.is_v6() || !address.to_v6().is_v4_mapped())
    return endpoint;
  return {ip::make_address_v4(ip::v4_mapped, address.to_v6()), endpoint.port()};
}

std::string to_string(const tcp::endpoint& endpoint) {
  return config::authority(endpoint.address().to_string(), endpoint.port());
}

std::string ends_of(const tcp::endpoint& source,
                    const tcp::endpoint& destination) {
  return to_string(without_mapping(source)) + " "
         + to_string(without_mapping(destination));
}

int release_non_blocking(tcp_socket& socket) {
  error_code error;
  const int fd = socket.release(error);
  if (error)
    return -1;
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

} // namespace aps
