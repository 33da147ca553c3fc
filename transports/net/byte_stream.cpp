#include "transports/net/byte_stream.hpp"

#include "transports/net/sockets.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

namespace aps {

namespace {

constexpr const char* nobody = "unknown";

} // namespace

byte_stream::byte_stream(tcp::socket socket) : socket_(std::move(socket)) {
  peer_ = peer_of(socket_);
}

byte_stream::byte_stream(tcp::socket socket, const tcp::endpoint& peer)
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

// A peer that read everything must not take the end for a cut (RFC 8446, 6.1).
// Asio's own way to say so waits for the peer's answer, for which nobody is
// here any more; so the record is taken from OpenSSL and sent. While a write is
// under way the peer sees a broken record, and the answer was cut indeed.
void byte_stream::notify_close() noexcept {
  if (!tls_ || !socket_.is_open())
    return;
  auto* ssl = tls_->native_handle();
  if (!SSL_is_init_finished(ssl)
      || (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) != 0)
    return;
  auto* record = BIO_new(BIO_s_mem());
  if (!record)
    return;
  SSL_set0_wbio(ssl, record);
  SSL_shutdown(ssl);
  ERR_clear_error();
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(record, &bytes);
  if (size > 0)
    static_cast<void>(::send(socket_.native_handle(), bytes,
                             static_cast<size_t>(size),
                             MSG_NOSIGNAL | MSG_DONTWAIT));
}

} // namespace aps
