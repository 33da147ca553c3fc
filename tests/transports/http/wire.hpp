#pragma once

#include "transports/http/parser.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aps::test {

/// A message as a test sees it.
struct message {
  message_head head;
  std::string body;
  header_list trailers;
  bool complete = false; ///< false: the connection ended before or inside

  std::string operator[](std::string_view name) const {
    const auto* field = find_header(head.headers, name);
    return field ? field->value : "(none)";
  }
};

/// A blocking TCP connection. Every wait gives up after ten seconds.
class wire {
 public:
  explicit wire(int fd) : fd_(fd) {
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  /// `receive_buffer` in bytes; 0 = the system's.
  static wire dial(uint16_t port, int receive_buffer = 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0)
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                   sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
    return wire{fd};
  }
  wire(wire&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), rest_(std::move(other.rest_)) {}
  ~wire() { close(); }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// One more read into the rest; false at the end or after a timeout.
  bool read_some() {
    char bytes[16384];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n > 0)
      rest_.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }

  std::string read_exactly(size_t count) {
    while (rest_.size() < count && read_some())
      ;
    auto result = rest_.substr(0, count);
    rest_.erase(0, result.size());
    return result;
  }

  /// True when there is something to read, or an end, within `milliseconds`.
  bool readable(int milliseconds) {
    pollfd socket{fd_, POLLIN, 0};
    return !rest_.empty() || ::poll(&socket, 1, milliseconds) > 0;
  }

  /// Everything until the other side ends the connection.
  std::string read_all() {
    while (read_some())
      ;
    return std::exchange(rest_, {});
  }

  /// True when the connection ends, whatever comes before.
  bool ends() {
    while (read_some())
      rest_.clear();
    return !timed_out_;
  }

  message read_request() {
    request_parser parser;
    return read(parser, true);
  }
  /// `whole` false: stops behind the head.
  message read_request_head() {
    request_parser parser;
    return read(parser, false);
  }
  message read_response(bool to_head = false) {
    response_parser parser;
    parser.reset(to_head);
    return read(parser, true);
  }

  void shut_down_send() { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }
  int fd() const noexcept { return fd_; }

 private:
  template <class Parser>
  message read(Parser& parser, bool whole) {
    message result;
    for (;;) {
      const auto owner = std::make_shared<const std::string>(rest_);
      const auto used = parser.feed(owner, *owner, 1 << 30, 1 << 30);
      rest_.erase(0, used);
      for (const auto& piece : parser.body())
        result.body += piece.view();
      parser.body().clear();
      if (parser.done() || parser.fault() != parse_fault::none
          || (!whole && parser.head_done()))
        break;
      if (used == 0 && !read_some()) {
        parser.feed_eof();
        break;
      }
    }
    result.complete = parser.done() && parser.fault() == parse_fault::none;
    result.head = std::move(parser.head());
    result.trailers = std::move(parser.trailers());
    return result;
  }

  int fd_;
  std::string rest_;
  bool timed_out_ = false;
};

/// A TCP server on a free port of 127.0.0.1: every connection is given to a
/// handler on a thread of its own.
class tcp_server {
 public:
  using handler = std::function<void(wire&)>;

  explicit tcp_server(handler serve) : serve_(std::move(serve)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(fd_, 64);
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~tcp_server() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    ::close(fd_);
    for (auto& worker : workers_)
      worker.join();
  }

  uint16_t port() const noexcept { return port_; }
  size_t accepted() const noexcept { return accepted_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0)
        return;
      ++accepted_;
      workers_.emplace_back([this, fd] {
        wire connection{fd};
        serve_(connection);
      });
    }
  }

  handler serve_;
  int fd_;
  uint16_t port_ = 0;
  std::atomic<size_t> accepted_{0};
  std::thread acceptor_;
  std::vector<std::thread> workers_;
};

} // namespace aps::test
