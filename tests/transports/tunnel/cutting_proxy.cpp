#include "tests/transports/tunnel/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aps::test {

namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto to = loopback(port);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void reset(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

} // namespace

cutting_proxy::cutting_proxy(uint16_t to, censor judge)
    : to_(to), judge_(std::move(judge)),
      fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  auto at = loopback(0);
  ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
  ::listen(fd_, 64);
  socklen_t size = sizeof at;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

cutting_proxy::~cutting_proxy() {
  ::shutdown(fd_, SHUT_RDWR);
  acceptor_.join();
  ::close(fd_);
  cut_all();
  for (auto& what : relays_)
    what.thread.join();
}

void cutting_proxy::accept_all() {
  for (;;) {
    const int fd = ::accept(fd_, nullptr, nullptr);
    if (fd < 0)
      return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::lock_guard guard{mutex_};
    auto& what = relays_.emplace_back();
    what.index = accepted_++;
    what.client = fd;
    what.server = connect_to(to_);
    what.thread = std::thread([this, &what] { run(what); });
  }
}

// The relays' threads own the sockets, so they are only told.
void cutting_proxy::cut_all() {
  std::lock_guard guard{mutex_};
  for (auto& what : relays_)
    what.cut = true;
}

void cutting_proxy::run(relay& what) {
  size_t up_bytes = 0;
  size_t down_bytes = 0;
  bool swallows = false;
  for (bool open = true; open;) {
    pollfd events[] = {{what.client, POLLIN, 0}, {what.server, POLLIN, 0}};
    ::poll(events, 2, 20);
    {
      std::lock_guard guard{mutex_};
      if (what.cut)
        break;
    }
    if (events[0].revents != 0)
      open = forward(what, true, up_bytes, swallows);
    if (open && events[1].revents != 0)
      open = forward(what, false, down_bytes, swallows);
  }
  reset(what.client);
  reset(what.server);
}

bool cutting_proxy::forward(relay& what, bool up, size_t& before,
                            bool& swallows) {
  char block[16 * 1024];
  const auto n = ::recv(up ? what.client : what.server, block, sizeof block, 0);
  if (n <= 0)
    return false;
  const std::string_view bytes{block, static_cast<size_t>(n)};
  verdict result;
  if (judge_) {
    std::lock_guard guard{judge_mutex_};
    result = judge_({what.index, up, before, bytes});
  }
  before += bytes.size();
  swallows = swallows || result.what == verdict::swallow;
  if (swallows)
    return true;
  const bool cut = result.what == verdict::cut;
  const int to = up ? what.server : what.client;
  const bool sent = send_all(to, cut ? bytes.substr(0, result.bytes) : bytes);
  return sent && !cut;
}

} // namespace aps::test
