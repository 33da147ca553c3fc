#include "transports/h2_door.hpp"

#include "transports/net/guard.hpp"
#include "transports/tunnel/grpc/h2_first_request.hpp"

#include <boost/asio/write.hpp>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::string_view_literals;

namespace {

// Clients begin to call when they saw the settings of the other side. These
// are the defaults, and gRPC's own follow.
constexpr auto default_settings = "\0\0\0\x04\0\0\0\0\0"sv;

// RFC 9113, 6.8: no stream was looked at, HTTP_1_1_REQUIRED.
constexpr auto go_away = "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d"sv;

constexpr std::chrono::seconds linger_time{1};

} // namespace

h2_door::h2_door(io_unit& unit, stream_ptr stream, std::string already_read,
                 place_ptr place, duration timeout, handler agent,
                 std::function<void()> refused)
    : unit_(unit), stream_(std::move(stream)), bytes_(std::move(already_read)),
      place_(std::move(place)), deadline_(unit.now() + timeout),
      agent_(std::move(agent)), on_refused_(std::move(refused)) {}

void h2_door::start() {
  if (place_)
    place_->on_evict([weak = weak_from_this()] {
      if (const auto me = weak.lock())
        me->close();
    });
  unit_.watch(weak_from_this());
  // What was read with the preface is judged after our settings are out, so
  // that no two writes meet.
  send(std::string{default_settings}, [me = shared_from_this()] {
    if (me->guard_.feed(me->bytes_, me->unit_.now()) != h2_verdict::ok)
      return me->close();
    me->look();
  });
}

void h2_door::look() {
  switch (first_h2_request(bytes_)) {
    case h2_request::incomplete:
      return bytes_.size() > max_h2_start ? refuse() : read();
    case h2_request::tunnel:
      if (!agent_)
        return refuse();
      deadline_ = time_point::max();
      return agent_(std::move(stream_), std::move(bytes_), std::move(place_));
    case h2_request::other:
    case h2_request::malformed:
      return refuse();
  }
}

void h2_door::read() {
  const auto have = bytes_.size();
  bytes_.resize(have + read_bytes);
  stream_->async_read_some(
    asio::buffer(bytes_.data() + have, read_bytes),
    guard(unit_, shared_from_this(),
          [have](const auto& me, const error_code& error, size_t size) {
            if (error)
              return me->close();
            me->bytes_.resize(have + size);
            const std::string_view fresh{me->bytes_};
            if (me->guard_.feed(fresh.substr(have), me->unit_.now())
                != h2_verdict::ok)
              return me->close();
            me->look();
          }));
}

void h2_door::send(std::string bytes, std::function<void()> then) {
  auto out = std::make_shared<std::string>(std::move(bytes));
  asio::async_write(*stream_, asio::buffer(*out),
                    guard(unit_, shared_from_this(),
                          [out, then = std::move(then)](
                            const auto& me, const error_code& error, size_t) {
                            if (error)
                              me->close();
                            else
                              then();
                          }));
}

void h2_door::refuse() {
  on_refused_();
  deadline_ = unit_.now() + linger_time;
  send(std::string{go_away}, [me = shared_from_this()] {
    me->stream_->shutdown_send();
    me->drain();
  });
}

void h2_door::drain() {
  bytes_.resize(read_bytes);
  stream_->async_read_some(
    asio::buffer(bytes_),
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error, size_t) {
            if (error)
              me->close();
            else
              me->drain();
          }));
}

void h2_door::close() {
  if (stream_)
    stream_->close();
}

void h2_door::on_tick(time_point now) {
  if (now >= deadline_)
    close();
}

} // namespace aps
