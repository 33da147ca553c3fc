#pragma once

#include "transports/net/sockets/sockets.hpp"
#include "transports/seam/limits/token_bucket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace aps {

/// TLS by OpenSSL on a connected socket, which it reads and writes itself. At
/// rest it holds no buffers, where asio::ssl::stream holds 68 KiB; a read that
/// emptied the socket waits before the next one, and what a write makes goes
/// out in one piece. At most one handshake, or one read and one write at a
/// time; the owner of a handler keeps the stream. Thread: that of the socket's
/// io_context.
///
/// Errors are those of the socket, of OpenSSL (asio::error::get_ssl_category),
/// asio::error::eof when the peer said that it ends, and
/// asio::ssl::error::stream_truncated when it only ended.
class tls_stream {
 public:
  using error_code = boost::system::error_code;
  using executor_type = tcp_socket::executor_type;

  enum class side { client, server };

  /// Looks at each certificate of the peer's chain, from the top; `ok` is what
  /// OpenSSL thinks of it, the result what counts.
  using verifier = std::function<bool(bool ok, X509_STORE_CTX* chain)>;

  /// `socket` and what the callbacks of `context` need outlive it. Throws
  /// std::bad_alloc.
  tls_stream(tcp_socket& socket, boost::asio::ssl::context& context);

  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  SSL* native_handle() noexcept { return ssl_.get(); }
  executor_type get_executor() noexcept { return socket_.get_executor(); }

  /// What was read of the socket already comes before all else. Before a
  /// handshake begins.
  void put_back(std::string bytes) { early_ = std::move(bytes); }

  /// A handshake fails that `check` does not like. Before it begins.
  void verify(verifier check);

  /// `token`: of `void(error_code, size_t)`, the size is 0.
  template <class Token>
  auto async_handshake(side side, Token&& token) {
    if (side == side::server)
      SSL_set_accept_state(ssl_.get());
    else
      SSL_set_connect_state(ssl_.get());
    return start(
      [this](size_t&, error_code& error) { return shake_hands(error); },
      std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& to, Token&& token) {
    return start(
      [this, to](size_t& size, error_code& error) {
        return read(first_of<boost::asio::mutable_buffer>(to), size, error);
      },
      std::forward<Token>(token));
  }

  /// Completes when what it took reached the socket.
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return start(
      [this, from](size_t& size, error_code& error) {
        const auto front = first_of<boost::asio::const_buffer>(from);
        const auto all = boost::asio::buffer_size(from);
        if (front.size() == all || front.size() >= joined_size)
          return write(front, size, error);
        // One record for a frame's head and its first bytes.
        char joined[joined_size];
        const auto count
          = boost::asio::buffer_copy(boost::asio::buffer(joined), from);
        return write(boost::asio::const_buffer{joined, count}, size, error);
      },
      std::forward<Token>(token));
  }

  /// Tells the peer that nothing more comes (close_notify), as far as the
  /// kernel takes that at once.
  void notify_close() noexcept;

 private:
  enum class step { over, wait_read, wait_write };

  static constexpr size_t joined_size = 8 * 1024;

  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    auto it = boost::asio::buffer_sequence_begin(buffers);
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (; it != end; ++it)
      if (Buffer buffer{*it}; buffer.size() > 0)
        return buffer;
    return {};
  }

  /// Takes steps of `Work` until it is over.
  template <class Work>
  struct operation {
    tls_stream* stream; ///< not looked at once a wait failed
    Work work;
    size_t size = 0;
    error_code error = {};
    enum class phase { fresh, waited, done } at = phase::fresh;

    template <class Self>
    void operator()(Self& self, error_code failure = {}) {
      if (failure || at == phase::done)
        return self.complete(failure ? failure : error, size);
      const auto next = work(size, error);
      if (next != step::over) {
        at = phase::waited;
        auto& socket = stream->socket_;
        return socket.async_wait(next == step::wait_read
                                   ? tcp_socket::wait_read
                                   : tcp_socket::wait_write,
                                 std::move(self));
      }
      if (at == phase::waited)
        return self.complete(error, size);
      at = phase::done; // not from within the call that began it
      boost::asio::post(stream->get_executor(), std::move(self));
    }
  };

  template <class Work, class Token>
  auto start(Work work, Token&& token) {
    return boost::asio::async_compose<Token, void(error_code, size_t)>(
      operation<Work>{this, std::move(work)}, token, socket_);
  }

  struct deleter {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  static BIO_METHOD* method();
  static int bio_read(BIO* bio, char* to, int size);
  int read_early(char* to, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_control(BIO* bio, int command, long, void*);
  static int verify_next(int ok, X509_STORE_CTX* chain);
  static void on_state(const SSL* ssl, int where, int);

  step shake_hands(error_code& error);
  step read(boost::asio::mutable_buffer to, size_t& size, error_code& error);
  step write(boost::asio::const_buffer from, size_t& size, error_code& error);
  step send_rest(size_t& size, error_code& error);
  step step_after(int result, error_code& error);
  bool is_sending() const noexcept { return sent_ < out_.size(); }
  void send(error_code& error) noexcept;

  tcp_socket& socket_;
  std::unique_ptr<SSL, deleter> ssl_;
  verifier verifier_;
  std::string early_;     ///< of the socket, read before
  std::string out_;       ///< records for the socket
  size_t sent_ = 0;       ///< bytes of `out_` that the kernel has
  size_t accepted_ = 0;   ///< bytes of the write that `out_` has records of
  error_code read_error_; ///< of the socket, or of who asks for too much
  token_bucket states_;   ///< of messages behind the handshake
  size_t taken_ = 0;      ///< bytes of the socket, by one read
  bool drained_ = true;   ///< the socket had less than was asked for
  bool ended_ = false;    ///< the socket
  bool shaken_ = false;   ///< hands
};

} // namespace aps
