#include "transports/tunnel/grpc/grpc_relay.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds linger_time{2};

/// Lets the kernel give the socket an abstract name of its own (unix(7),
/// "Autobind feature"); the other end sees it as its peer.
std::string autobind(int fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, generic, sizeof(sa_family_t)) != 0)
    return {};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, generic, &size) != 0)
    return {};
  const auto begin = offsetof(sockaddr_un, sun_path) + 1;
  return size <= begin ? std::string{}
                       : std::string{address.sun_path + 1, size - begin};
}

} // namespace

grpc_relay::grpc_relay(io_unit& unit, stream_ptr stream, relay_origin from)
    : unit_(unit), from_(std::move(from)), peer_(stream->peer_name()),
      stream_(std::move(stream)), agent_(stream_->socket()),
      grpc_(unit.context()), deadline_(unit.now() + from_.timeout) {}

int grpc_relay::open(std::string& name) {
  int ends[2];
  constexpr int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (::socketpair(AF_UNIX, type, 0, ends) != 0)
    return -1;
  const auto last = std::max(ends[0], ends[1]);
  if (!from_.place || from_.place->grow(2, last))
    name = autobind(ends[0]);
  error_code error;
  if (!name.empty())
    grpc_.assign(asio::local::stream_protocol(), ends[0], error);
  if (name.empty() || error) {
    ::close(ends[0]);
    ::close(ends[1]);
    return -1;
  }
  return ends[1];
}

void grpc_relay::start(std::string already_read) {
  error_code error;
  agent_.non_blocking(true, error);
  grpc_.non_blocking(true, error);
  from_agent_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  from_grpc_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  unit_.watch(weak_from_this());
  if (const auto& place = from_.place) {
    place->set(standing::proving);
    place->on_evict([weak = weak_from_this()] {
      if (const auto me = weak.lock())
        me->close();
    });
  }
  forward(grpc_, agent_, from_grpc_.get());
  const auto size = std::min(already_read.size(), buffer_bytes);
  std::memcpy(from_agent_.get(), already_read.data(), size);
  if (admit(already_read))
    pass(agent_, grpc_, from_agent_.get(), size);
}

template <class From, class To>
void grpc_relay::forward(From& from, To& to, char* buffer) {
  from.async_read_some(
    asio::buffer(buffer, buffer_bytes),
    guard(unit_, shared_from_this(),
          [&from, &to, buffer](const std::shared_ptr<grpc_relay>& me,
                               const error_code& error, size_t size) {
            constexpr bool agent = std::is_same_v<To, pair_socket>;
            if (error)
              return agent ? me->close() : me->on_grpc_end();
            if constexpr (agent)
              if (!me->admit({buffer, size}))
                return;
            me->pass(from, to, buffer, size);
          }));
}

template <class From, class To>
void grpc_relay::pass(From& from, To& to, char* buffer, size_t size) {
  error_code error;
  // Most often there is room, and no round of the loop is needed.
  const auto sent = to.write_some(asio::buffer(buffer, size), error);
  if (error == asio::error::would_block)
    error.clear();
  if (error || sent == size)
    return passed(from, to, buffer, error);
  asio::async_write(
    to, asio::buffer(buffer + sent, size - sent),
    guard(unit_, shared_from_this(),
          [&from, &to, buffer](const std::shared_ptr<grpc_relay>& me,
                               const error_code& failed, size_t) {
            me->passed(from, to, buffer, failed);
          }));
}

template <class From, class To>
void grpc_relay::passed(From& from, To& to, char* buffer,
                        const error_code& error) {
  if (error && std::is_same_v<From, pair_socket>)
    return close();
  if (error)
    on_grpc_end(); // and go on reading, to see when the agent closes
  if (from.is_open())
    forward(from, to, buffer);
}

void grpc_relay::authenticated() {
  guard_.authenticated();
  if (from_.place)
    from_.place->set(standing::agent);
}

bool grpc_relay::admit(std::string_view bytes) {
  if (guard_.feed(bytes, unit_.now()) == h2_verdict::ok)
    return true;
  close();
  return false;
}

// When gRPC ends the connection, its last bytes may still be on the way to
// the agent: say that no more come, and let the agent close. Closing at once
// could destroy them, when the agent sent something in between.
void grpc_relay::on_grpc_end() {
  stream_->shutdown_send();
  linger();
}

void grpc_relay::linger() {
  if (lingering_)
    return;
  lingering_ = true;
  deadline_ = unit_.now() + linger_time;
}

void grpc_relay::close() {
  error_code ignored;
  stream_->close();
  grpc_.close(ignored);
}

void grpc_relay::on_tick(time_point now) {
  if ((lingering_ || !claimed_) && now >= deadline_)
    close();
}

} // namespace aps
