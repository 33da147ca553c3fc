#include "transports/net/byte_stream.hpp"

#include "transports/net/sockets.hpp"

namespace aps {

namespace {

constexpr const char* nobody = "unknown";

} // namespace

byte_stream::byte_stream(tcp::socket socket) : socket_(std::move(socket)) {
  peer_ = peer_of(socket_);
}

byte_stream::byte_stream(tcp::socket socket, const tcp::endpoint& peer)
    : socket_(std::move(socket)), peer_(without_mapping(peer)) {}

std::string byte_stream::peer_name() const {
  return peer_.port() == 0 ? nobody : to_string(peer_);
}

std::string byte_stream::peer_ip() const {
  return peer_.port() == 0 ? nobody : peer_.address().to_string();
}

void byte_stream::connected() {
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  peer_ = peer_of(socket_);
}

} // namespace aps
