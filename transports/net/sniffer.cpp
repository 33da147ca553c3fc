#include "transports/net/sniffer.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

sniffer::sniffer(io_unit& unit, stream_ptr stream, duration timeout,
                 handler done)
    : opening_step(unit, std::move(stream), timeout), done_(std::move(done)) {}

void sniffer::start() {
  begin();
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

} // namespace aps
