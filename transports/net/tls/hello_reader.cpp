#include "transports/net/tls/hello_reader.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/buffer.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A whole one of most clients.
constexpr size_t read_bytes = 2048;

} // namespace

hello_reader::hello_reader(io_unit& unit, stream_ptr stream, duration timeout,
                           handlers tell)
    : opening_step(unit, std::move(stream), timeout), tell_(std::move(tell)) {
  assert(!stream_->secure());
}

void hello_reader::start() {
  begin();
  read();
}

void hello_reader::read() {
  const auto have = bytes_.size();
  const auto more
    = std::min(std::max(read_bytes, wanted_ - have), max_client_hello - have);
  bytes_.resize(have + more);
  stream_->async_read_some(
    asio::buffer(bytes_.data() + have, more),
    guard(unit_, shared_from_this(),
          [have](const auto& me, const error_code& error, size_t size) {
            if (!error && me->is_open())
              me->on_read(have + size);
          }));
}

void hello_reader::on_read(size_t size) {
  using kind = client_hello::kind;
  bytes_.resize(size);
  if (size < wanted_)
    return read();
  auto hello = read_client_hello(bytes_);
  if (hello.is == kind::partial) {
    wanted_ = hello.wanted;
    return read();
  }
  stream_->put_back(std::exchange(bytes_, {}));
  if (hello.is == kind::whole)
    tell_.done(std::move(stream_), std::move(hello.name));
  else
    tell_.other(std::move(stream_));
}

void hello_reader::on_late() {
  close();
  tell_.late();
}

void refuse_hello(byte_stream& stream, tls_alert alert) noexcept {
  const auto record = alert_record(alert);
  // Some bytes that nobody waits for: they fit, or the peer is gone.
  ::send(stream.socket().native_handle(), record.data(), record.size(),
         MSG_NOSIGNAL | MSG_DONTWAIT);
  stream.close();
}

} // namespace aps
