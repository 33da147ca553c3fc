#include "transports/net/tls/tls_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace aps {

namespace asio = boost::asio;

namespace {

// What one write takes: some records, so that bulk data needs few calls.
constexpr size_t most_per_write = 64 * 1024;

// What a thread keeps between two writes.
constexpr size_t most_kept = 2 * most_per_write;

// What one read takes of the socket before others have their turn: a record may
// bring nothing for us, and the next one lies there already.
constexpr size_t most_per_read = 64 * 1024;

// What reading may leave to be sent: answers to a peer that does not take them,
// behind a write.
constexpr size_t most_waiting = 2 * most_per_write;

// Of the states that tickets and new keys (RFC 8446, 4.6) lead through, some
// for each: they cost us a thousand times what they cost a peer, and nobody
// needs new keys before some 100 GB.
constexpr double states_at_once = 100;
constexpr double states_per_second = 4;

// Records are made here, so that a stream at rest has no memory for them.
std::string& spare_records() {
  thread_local std::string spare;
  return spare;
}

tls_stream* stream_of(BIO* bio) noexcept {
  return static_cast<tls_stream*>(BIO_get_data(bio));
}

// Of the stream that has an SSL.
int stream_index() {
  static const int index
    = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

} // namespace

// -- OpenSSL's side -----------------------------------------------------------

BIO_METHOD* tls_stream::method() {
  static BIO_METHOD* const result = [] {
    auto* made
      = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aps socket");
    if (!made)
      throw std::bad_alloc{};
    BIO_meth_set_read(made, &bio_read);
    BIO_meth_set_write(made, &bio_write);
    BIO_meth_set_ctrl(made, &bio_control);
    return made;
  }();
  return result;
}

int tls_stream::bio_read(BIO* bio, char* to, int size) {
  auto& me = *stream_of(bio);
  BIO_clear_retry_flags(bio);
  if (me.read_error_)
    return -1;
  if (me.taken_ >= most_per_read) {
    me.drained_ = false;
    BIO_set_retry_read(bio);
    return -1;
  }
  if (!me.early_.empty())
    return me.read_early(to, size);
  ssize_t count = 0;
  do
    count = ::recv(me.socket_.native_handle(), to, static_cast<size_t>(size),
                   MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  me.drained_ = count < size;
  if (count > 0) {
    me.taken_ += static_cast<size_t>(count);
    return static_cast<int>(count);
  }
  if (count == 0) {
    me.ended_ = true;
    return 0;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK)
    BIO_set_retry_read(bio);
  else
    me.read_error_.assign(errno, asio::error::get_system_category());
  return -1;
}

int tls_stream::read_early(char* to, int size) {
  const auto count = early_.copy(to, static_cast<size_t>(size));
  early_.erase(0, count);
  if (early_.empty())
    std::string{}.swap(early_);
  drained_ = false; // there may be more in the socket
  return static_cast<int>(count);
}

int tls_stream::bio_write(BIO* bio, const char* from, int size) {
  auto& records = stream_of(bio)->out_;
  BIO_clear_retry_flags(bio);
  if (records.empty())
    records.swap(spare_records());
  records.append(from, static_cast<size_t>(size));
  return size;
}

long tls_stream::bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF)
    return stream_of(bio)->ended_;
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

int tls_stream::verify_next(int ok, X509_STORE_CTX* chain) {
  const auto* ssl = static_cast<SSL*>(
    X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* me
    = static_cast<tls_stream*>(SSL_get_ex_data(ssl, stream_index()));
  try {
    return me->verifier_(ok == 1, chain);
  } catch (...) {
    return 0; // nothing of C++ goes through OpenSSL
  }
}

// OpenSSL tells no beginning of what comes behind a handshake.
void tls_stream::on_state(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_LOOP) == 0)
    return;
  auto* me = static_cast<tls_stream*>(SSL_get_ex_data(ssl, stream_index()));
  if (me->shaken_
      && !me->states_.take(1, clock_type::now(), states_at_once,
                           states_per_second))
    me->read_error_ = asio::error::no_buffer_space;
}

// -- the stream ---------------------------------------------------------------

tls_stream::tls_stream(tcp_socket& socket, asio::ssl::context& context)
    : socket_(socket), ssl_(SSL_new(context.native_handle())) {
  auto* bio = ssl_ ? BIO_new(method()) : nullptr;
  if (!bio)
    throw std::bad_alloc{};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE
                             | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                             | SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(ssl_.get(), 1); // a record's head and body in one call
  SSL_set_ex_data(ssl_.get(), stream_index(), this);
  SSL_set_info_callback(ssl_.get(), &on_state);
}

void tls_stream::verify(verifier check) {
  verifier_ = std::move(check);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, &verify_next);
}

tls_stream::step tls_stream::step_after(int result, error_code& error) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: drained_ = false; return step::wait_read;
    case SSL_ERROR_ZERO_RETURN: error = asio::error::eof; break;
    default:
      if (read_error_)
        error = read_error_;
      else if (ended_)
        error = asio::ssl::error::stream_truncated;
      else if (const auto code = ERR_get_error(); code != 0)
        error.assign(static_cast<int>(code), asio::error::get_ssl_category());
      else
        error = asio::ssl::error::unexpected_result;
  }
  ERR_clear_error();
  return step::over;
}

tls_stream::step tls_stream::shake_hands(error_code& error) {
  if (!is_sending()) {
    ERR_clear_error();
    taken_ = 0;
    const auto result = SSL_do_handshake(ssl_.get());
    shaken_ = result == 1;
    const auto next = result == 1 ? step::over : step_after(result, error);
    error_code lost;
    send(lost); // an alert, too
    if (next == step::over && (error || !is_sending()))
      return next;
    if (lost) {
      error = lost;
      return step::over;
    }
    return is_sending() ? step::wait_write : next;
  }
  send(error);
  if (error)
    return step::over;
  if (is_sending())
    return step::wait_write;
  return SSL_is_init_finished(ssl_.get()) ? step::over : step::wait_read;
}

tls_stream::step tls_stream::read(asio::mutable_buffer to, size_t& size,
                                  error_code& error) {
  if (to.size() == 0)
    return step::over;
  // Of a peer that ends behind its last bytes nothing more may come to wait
  // for.
  const bool told_end
    = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  if (drained_ && !told_end && SSL_has_pending(ssl_.get()) == 0) {
    drained_ = false;
    return step::wait_read;
  }
  ERR_clear_error();
  taken_ = 0;
  auto* at = static_cast<char*>(to.data());
  auto result = 0;
  do { // whatever is here already
    size_t count = 0;
    result = SSL_read_ex(ssl_.get(), at + size, to.size() - size, &count);
    size += count;
  } while (result == 1 && size < to.size() && SSL_has_pending(ssl_.get()) == 1);
  if (is_sending()) { // the answer to an update of keys; no write, no hurry
    error_code ignored;
    send(ignored);
    if (out_.size() - sent_ > most_waiting)
      read_error_ = asio::error::no_buffer_space;
  }
  if (size > 0)
    return ERR_clear_error(), step::over; // a failure comes again
  return step_after(result, error);
}

tls_stream::step tls_stream::write(asio::const_buffer from, size_t& size,
                                   error_code& error) {
  if (is_sending() && send_rest(size, error) != step::over)
    return step::wait_write;
  if (size > 0 || error)
    return step::over;
  ERR_clear_error();
  const auto* at = static_cast<const char*>(from.data());
  const auto most = std::min(from.size(), most_per_write);
  while (accepted_ < most) {
    size_t count = 0;
    const auto result
      = SSL_write_ex(ssl_.get(), at + accepted_, most - accepted_, &count);
    if (result != 1) {
      if (step_after(result, error) != step::over) // not without a handshake
        error = asio::ssl::error::unexpected_result;
      return step::over;
    }
    accepted_ += count;
  }
  return send_rest(size, error);
}

tls_stream::step tls_stream::send_rest(size_t& size, error_code& error) {
  send(error);
  if (!error && is_sending())
    return step::wait_write;
  size = error ? 0 : std::exchange(accepted_, 0);
  return step::over;
}

void tls_stream::send(error_code& error) noexcept {
  while (is_sending()) {
    const auto count = ::send(socket_.native_handle(), out_.data() + sent_,
                              out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0)
      sent_ += static_cast<size_t>(count);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return;
    else if (errno != EINTR) {
      error.assign(errno, asio::error::get_system_category());
      return;
    }
  }
  sent_ = 0;
  out_.clear();
  auto& spare = spare_records();
  if (spare.capacity() < out_.capacity() && out_.capacity() <= most_kept)
    spare.swap(out_);
  std::string{}.swap(out_);
}

// A peer that read everything must not take the end for a cut (RFC 8446, 6.1).
// Nobody waits for its answer. While a write is under way the peer sees a
// broken record, and the answer was cut indeed.
void tls_stream::notify_close() noexcept {
  auto* ssl = ssl_.get();
  if (!SSL_is_init_finished(ssl)
      || (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) != 0)
    return;
  SSL_shutdown(ssl);
  ERR_clear_error();
  error_code ignored;
  send(ignored);
}

} // namespace aps
