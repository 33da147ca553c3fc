#include "transports/net/sniffer.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

sniffer::sniffer(io_unit& unit, stream_ptr stream, duration timeout,
                 handler done)
    : unit_(unit), stream_(std::move(stream)), deadline_(unit.now() + timeout),
      done_(std::move(done)) {}

void sniffer::start() {
  error_code ignored;
  stream_->socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
  unit_.watch(weak_from_this());
  read();
}

void sniffer::read() {
  const auto have = bytes_.size();
  bytes_.resize(have + read_bytes);
  stream_->async_read_some(
    asio::buffer(bytes_.data() + have, read_bytes),
    guard(unit_, shared_from_this(),
          [have](const auto& me, const error_code& error, size_t size) {
            if (!error)
              me->on_read(have + size);
          }));
}

void sniffer::on_read(size_t size) {
  bytes_.resize(size);
  const auto protocol = classify_first_bytes(bytes_);
  if (protocol == first_bytes::undecided)
    return read();
  done_(std::move(stream_), std::move(bytes_), protocol);
}

void sniffer::close() {
  if (stream_)
    stream_->close();
}

void sniffer::on_tick(time_point now) {
  if (now >= deadline_)
    close();
}

} // namespace aps
