#pragma once

#include "transports/net/output_queue.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <utility>

namespace aps {

/// A connected TCP or TLS byte stream; hides which of both. At most one read
/// and one write at a time. Belongs to the thread of its io_context.
class byte_stream {
 public:
  using tcp = boost::asio::ip::tcp;
  using tls_stream = boost::asio::ssl::stream<tcp::socket&>;

  explicit byte_stream(tcp::socket socket) : socket_(std::move(socket)) {}

  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  tcp::socket& socket() noexcept { return socket_; }

  /// Puts TLS on top of the socket; the caller sets it up and shakes hands.
  tls_stream& add_tls(boost::asio::ssl::context& context) {
    tls_ = std::make_unique<tls_stream>(socket_, context);
    return *tls_;
  }
  bool secure() const noexcept { return tls_ != nullptr; }

  /// Precondition: secure().
  tls_stream& tls() noexcept { return *tls_; }

  /// `done(error_code, size_t)`.
  template <class Handler>
  void async_read_some(boost::asio::mutable_buffer to, Handler done) {
    if (tls_)
      tls_->async_read_some(to, std::move(done));
    else
      socket_.async_read_some(to, std::move(done));
  }

  /// Writes all that waits in `from` with as few system calls as possible;
  /// the caller calls `from.finish()` in `done(error_code, size_t)`.
  template <class Handler>
  void async_write(output_queue& from, Handler done) {
    if (tls_) {
      const auto flat = from.start_flat();
      boost::asio::async_write(
        *tls_, boost::asio::const_buffer{flat.data(), flat.size()},
        std::move(done));
    } else {
      boost::asio::async_write(socket_, from.start(), std::move(done));
    }
  }

  /// No more bytes from our side; the peer may go on. TLS sends no close
  /// notification: HTTP's framing tells where a message ends.
  void shutdown_send() noexcept {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  /// Ends both directions; outstanding operations are aborted. With `reset`
  /// the peer sees an error instead of an orderly end.
  void close(bool reset = false) noexcept {
    boost::system::error_code ignored;
    if (reset)
      socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
  std::unique_ptr<tls_stream> tls_;
};

} // namespace aps
