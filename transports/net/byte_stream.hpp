#pragma once

#include "transports/net/output_queue.hpp"
#include "transports/net/sockets/sockets.hpp"
#include "transports/net/tls/tls_stream.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>

#include <cassert>
#include <memory>
#include <string>
#include <utility>

namespace aps {

/// A TCP or TLS byte stream; hides which of both, and is what every connection
/// is handed around as. An asynchronous stream of Asio and Beast. At most one
/// read and one write at a time. Belongs to the thread of its io_context.
class byte_stream {
 public:
  using tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;
  using executor_type = tcp_socket::executor_type;
  using next_layer_type = tcp_socket;

  /// Not connected yet; `connected` says when.
  explicit byte_stream(boost::asio::io_context& context) : socket_(context) {}

  /// A connected socket, whose other end is asked for.
  explicit byte_stream(tcp_socket socket);

  /// A connected socket with its other end.
  byte_stream(tcp_socket socket, const tcp::endpoint& peer);

  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  tcp_socket& socket() noexcept { return socket_; }
  next_layer_type& next_layer() noexcept { return socket_; }

  /// The other end as it was when the connection was made, an IPv4 address
  /// never mapped into IPv6; port 0 = it was gone already.
  const tcp::endpoint& peer() const noexcept { return peer_; }

  /// What the other end connected to, never mapped either; as somebody between
  /// says, or the system. Port 0 = unknown.
  tcp::endpoint destination() const;

  /// Somebody between says whose connection it is (the PROXY protocol).
  void passed_on(const tcp::endpoint& from, const tcp::endpoint& to);
  bool was_passed_on() const noexcept { return passed_to_ != nullptr; }

  /// Its "ip:port", and the address alone; "unknown" when it was gone.
  std::string peer_name() const;
  std::string peer_ip() const;

  /// After the socket was connected: asks for the other end, and sends small
  /// writes at once.
  void connected();

  /// Puts TLS on top of the socket, and of what was put back; the caller sets
  /// it up and shakes hands. `kept` lives as long as the stream: what the
  /// callbacks of `context` need.
  tls_stream& add_tls(boost::asio::ssl::context& context,
                      std::shared_ptr<const void> kept = nullptr) {
    assert(!tls_);
    kept_ = std::move(kept);
    tls_ = std::make_unique<tls_stream>(socket_, context);
    tls_->put_back(std::exchange(early_, {}));
    return *tls_;
  }
  bool secure() const noexcept { return tls_ != nullptr; }

  tls_stream& tls() noexcept {
    assert(secure());
    return *tls_;
  }

  /// Its descriptor is lent of the reserve, until it closes.
  void lend_descriptor() { loan_.take(socket_.native_handle()); }

  /// Bytes that were read already come again before all others.
  void put_back(std::string bytes) {
    assert(early_.empty());
    early_ = std::move(bytes);
  }

  std::string_view early() const noexcept { return early_; }

  /// `token`: of `void(error_code, size_t)`. Handlers are passed on without a
  /// move of their own: those of Beast are large.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& to, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, size_t)>(
      [this]<class Handler>(Handler&& handler, const Buffers& buffers) {
        if (!early_.empty())
          read_early(std::forward<Handler>(handler), buffers);
        else if (tls_)
          tls_->async_read_some(buffers, std::forward<Handler>(handler));
        else
          socket_.async_read_some(buffers, std::forward<Handler>(handler));
      },
      token, to);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, size_t)>(
      [this]<class Handler>(Handler&& handler, const Buffers& buffers) {
        if (tls_)
          tls_->async_write_some(buffers, std::forward<Handler>(handler));
        else
          socket_.async_write_some(buffers, std::forward<Handler>(handler));
      },
      token, from);
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

  /// No more bytes from our side; the peer may go on. Over TLS it is told so
  /// (close_notify), as far as the kernel takes that at once.
  void shutdown_send() noexcept {
    error_code ignored;
    if (tls_ && socket_.is_open())
      tls_->notify_close();
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
  }

  /// Ends both directions; outstanding operations are aborted. With `reset`
  /// the peer sees an error instead of an orderly end.
  void close(bool reset = false) noexcept {
    error_code ignored;
    if (reset)
      socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
    else if (tls_ && socket_.is_open())
      tls_->notify_close();
    socket_.close(ignored);
  }

 private:
  template <class Handler, class Buffers>
  void read_early(Handler handler, const Buffers& to) {
    const auto size = boost::asio::buffer_copy(to, boost::asio::buffer(early_));
    early_.erase(0, size);
    boost::asio::post(
      get_executor(),
      boost::beast::bind_front_handler(std::move(handler), error_code{}, size));
  }

  reserve_loan loan_;
  tcp_socket socket_;
  tcp::endpoint peer_;
  std::unique_ptr<const tcp::endpoint> passed_to_; ///< null = not passed on
  std::shared_ptr<const void> kept_; ///< outlives `tls_`
  std::unique_ptr<tls_stream> tls_;
  std::string early_;
};

/// How a connection is handed from its door to whoever serves it.
using stream_ptr = std::unique_ptr<byte_stream>;

} // namespace aps
