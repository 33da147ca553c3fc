#include "transports/net/sockets/visitor_socket.hpp"

// Not <netinet/tcp.h>: its tcp_info ends before what is asked for here.
#include <linux/sockios.h>
#include <linux/tcp.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace aps::visitor_socket {

namespace {

// Enough for full speed: it comes on top of what is under way.
constexpr int max_unsent = 128 * 1024;

// Seconds of quiet before the first probe, between two, and probes.
struct probing {
  int idle;
  int interval;
  int count;
};
constexpr probing usual{60, 10, 3};
constexpr probing close_look{5, 5, 3};

void set(int handle, int level, int option, int value) noexcept {
  ::setsockopt(handle, level, option, &value, sizeof value);
}

void probe(int handle, const probing& probing) noexcept {
  set(handle, IPPROTO_TCP, TCP_KEEPIDLE, probing.idle);
  set(handle, IPPROTO_TCP, TCP_KEEPINTVL, probing.interval);
  set(handle, IPPROTO_TCP, TCP_KEEPCNT, probing.count);
  set(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
}

} // namespace

void set_up(int handle) noexcept {
  set(handle, IPPROTO_TCP, TCP_NOTSENT_LOWAT, max_unsent);
  probe(handle, usual);
}

void look_closer(int handle) noexcept {
  probe(handle, close_look);
}

size_t unacknowledged(int handle) noexcept {
  int bytes = 0;
  if (::ioctl(handle, SIOCOUTQ, &bytes) != 0)
    return 0;
  return static_cast<size_t>(std::max(bytes, 0));
}

uint64_t acknowledged(int handle) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(handle, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return 0;
  return info.tcpi_bytes_acked;
}

peer_state state_of(int handle) noexcept {
  pollfd socket{handle, POLLRDHUP, 0};
  if (::poll(&socket, 1, 0) <= 0)
    return peer_state::open;
  if ((socket.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
    return peer_state::gone;
  return (socket.revents & POLLRDHUP) != 0 ? peer_state::ended
                                           : peer_state::open;
}

} // namespace aps::visitor_socket
