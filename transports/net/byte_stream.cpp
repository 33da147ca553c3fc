#include "transports/net/byte_stream.hpp"

#include "transports/net/sockets/sockets.hpp"

namespace aps {

namespace {

constexpr const char* nobody = "unknown";

} // namespace

byte_stream::byte_stream(tcp_socket socket) : socket_(std::move(socket)) {
  peer_ = peer_of(socket_);
}

byte_stream::byte_stream(tcp_socket socket, const tcp::endpoint& peer)
    : socket_(std::move(socket)), peer_(without_mapping(peer)) {}

byte_stream::tcp::endpoint byte_stream::destination() const {
  if (passed_to_)
    return *passed_to_;
  error_code error;
  const auto here = socket_.local_endpoint(error);
  return error ? tcp::endpoint{} : without_mapping(here);
}

void byte_stream::passed_on(const tcp::endpoint& from,
                            const tcp::endpoint& to) {
  peer_ = without_mapping(from);
  passed_to_ = std::make_unique<const tcp::endpoint>(without_mapping(to));
}

// A proxy may name no port.
std::string byte_stream::peer_name() const {
  return peer_.port() == 0 && !passed_to_ ? nobody : to_string(peer_);
}

std::string byte_stream::peer_ip() const {
  return peer_.port() == 0 && !passed_to_ ? nobody
                                          : peer_.address().to_string();
}

void byte_stream::connected() {
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  peer_ = peer_of(socket_);
}

} // namespace aps
