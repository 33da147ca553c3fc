#include "transports/net/proxy/proxy_reader.hpp"

#include "transports/net/guard.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace aps {

using boost::system::error_code;

proxy_reader::proxy_reader(io_unit& unit, stream_ptr stream, duration timeout,
                           handlers tell)
    : opening_step(unit, std::move(stream), timeout), tell_(std::move(tell)) {}

void proxy_reader::start() {
  watch_time();
  wait();
}

void proxy_reader::wait() {
  stream_->socket().async_wait(
    boost::asio::socket_base::wait_read,
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error) {
            if (!error && me->is_open())
              me->on_readable();
          }));
}

// Bytes are looked at first, and only those of the header taken.
void proxy_reader::on_readable() {
  std::array<char, max_proxy_header> seen;
  const auto room = max_proxy_header - bytes_.size();
  const auto count = ::recv(stream_->socket().native_handle(), seen.data(),
                            room, MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return wait();
  if (count <= 0)
    return close();
  const auto had = bytes_.size();
  bytes_.append(seen.data(), static_cast<size_t>(count));
  const auto greeting = read_proxy_header(bytes_);
  if (!greeting.problem.empty())
    return fail(greeting.problem);
  const auto end = greeting.complete() ? greeting.size : bytes_.size();
  if (!take(end - had))
    return close();
  if (!greeting.complete())
    return wait();
  tell_.done(std::move(stream_), greeting.ends);
}

// They are there, as they were seen.
bool proxy_reader::take(size_t bytes) {
  std::array<char, max_proxy_header> taken;
  return ::recv(stream_->socket().native_handle(), taken.data(), bytes,
                MSG_DONTWAIT)
         == static_cast<ssize_t>(bytes);
}

void proxy_reader::fail(std::string_view problem) {
  if (!is_open())
    return;
  close();
  tell_.failed(problem);
}

} // namespace aps
