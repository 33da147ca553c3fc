#include "transports/net/names/name_service.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int try_ms = 1000; // of the first round; the others take longer
constexpr int tries = 4;
constexpr std::chrono::seconds least_valid{1};
constexpr std::chrono::seconds most_valid{60};

void initialise() {
  static const int result = ares_library_init(ARES_LIB_INIT_ALL);
  if (result != ARES_SUCCESS)
    throw std::runtime_error(std::string{"c-ares: "} + ares_strerror(result));
}

error_code error_of(int status) {
  switch (status) {
    case ARES_SUCCESS: return {};
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return asio::error::host_not_found;
    case ARES_ETIMEOUT: return asio::error::timed_out;
    default: return asio::error::host_not_found_try_again;
  }
}

/// One channel of c-ares, whose sockets are watched by the unit's loop.
class dns final : public name_service,
                  public std::enable_shared_from_this<dns> {
 public:
  dns(io_unit& unit, const std::vector<std::string>& servers)
      : unit_(unit), timer_(unit.context()) {
    initialise();
    ares_options options{};
    options.timeout = try_ms;
    options.tries = tries;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int in, int out) {
      static_cast<dns*>(self)->on_socket(fd, in != 0, out != 0);
    };
    options.sock_state_cb_data = this;
    auto status = ares_init_options(&channel_, &options,
                                    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
                                      | ARES_OPT_SOCK_STATE_CB);
    std::string list;
    for (const auto& server : servers)
      list += (list.empty() ? "" : ",") + server;
    if (status == ARES_SUCCESS)
      status = ares_set_servers_ports_csv(channel_, list.c_str());
    if (status != ARES_SUCCESS) {
      ares_destroy(channel_);
      throw std::runtime_error("no DNS servers: \"" + list + "\" ("
                               + ares_strerror(status) + ")");
    }
  }

  ~dns() override {
    over_ = true;
    ares_destroy(channel_); // answers everything, which is ignored
    for (auto& [fd, socket] : sockets_)
      socket->descriptor.release();
  }

  void ask(const std::string& name, handler done) override {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto* question = new pending{this, std::move(done)};
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &on_answer,
                     question);
    arm_timer();
  }

 private:
  struct pending {
    dns* self;
    handler done;
  };

  /// One of the channel's; c-ares opens and closes it.
  struct watched_socket {
    watched_socket(io_unit& unit, int fd) : descriptor(unit.context(), fd) {}
    asio::posix::stream_descriptor descriptor;
    bool in = false;
    bool out = false;
    bool waiting_in = false;
    bool waiting_out = false;
  };
  using socket_ptr = std::shared_ptr<watched_socket>;

  // Posted: c-ares calls it from within `ask`, too.
  static void on_answer(void* argument, int status, int,
                        ares_addrinfo* found) {
    const std::unique_ptr<pending> question{static_cast<pending*>(argument)};
    name_answer out{error_of(status), {}, most_valid};
    for (const auto* node = found ? found->nodes : nullptr; node;
         node = node->ai_next) {
      out.addresses.push_back(to_address(*node->ai_addr));
      out.valid = std::min<duration>(out.valid,
                                     std::chrono::seconds(node->ai_ttl));
    }
    out.valid = std::max<duration>(out.valid, least_valid);
    if (found)
      ares_freeaddrinfo(found);
    if (!out.error && out.addresses.empty())
      out.error = asio::error::host_not_found;
    if (!question->self->over_)
      question->self->unit_.post(
        [done = std::move(question->done), out = std::move(out)] {
          done(out);
        });
  }

  void on_socket(int fd, bool in, bool out) {
    auto& socket = sockets_[fd];
    if (!in && !out) {
      if (socket)
        socket->descriptor.release(); // what waits is aborted
      sockets_.erase(fd);
      return;
    }
    if (!socket)
      socket = std::make_shared<watched_socket>(unit_, fd);
    socket->in = in;
    socket->out = out;
    wait(fd, socket);
  }

  void wait(int fd, const socket_ptr& socket) {
    using descriptor = asio::posix::stream_descriptor;
    if (socket->in && !std::exchange(socket->waiting_in, true))
      socket->descriptor.async_wait(
        descriptor::wait_read,
        [weak = weak_from_this(), fd, socket](const error_code& error) {
          socket->waiting_in = false;
          if (const auto self = weak.lock(); self && !error)
            self->on_ready(fd, ARES_SOCKET_BAD, socket);
        });
    if (socket->out && !std::exchange(socket->waiting_out, true))
      socket->descriptor.async_wait(
        descriptor::wait_write,
        [weak = weak_from_this(), fd, socket](const error_code& error) {
          socket->waiting_out = false;
          if (const auto self = weak.lock(); self && !error)
            self->on_ready(ARES_SOCKET_BAD, fd, socket);
        });
  }

  void on_ready(ares_socket_t in, ares_socket_t out, const socket_ptr& socket) {
    ares_process_fd(channel_, in, out);
    const auto fd = in == ARES_SOCKET_BAD ? out : in;
    const auto i = sockets_.find(fd);
    if (i != sockets_.end() && i->second == socket)
      wait(fd, socket);
    arm_timer();
  }

  void arm_timer() {
    timeval value{};
    const auto* next = ares_timeout(channel_, nullptr, &value);
    if (!next)
      return;
    timer_.expires_after(std::chrono::seconds(next->tv_sec)
                         + std::chrono::microseconds(next->tv_usec)
                         + std::chrono::milliseconds(1));
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      const auto self = weak.lock();
      if (!self || error)
        return;
      ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      self->arm_timer();
    });
  }

  io_unit& unit_;
  asio::steady_timer timer_;
  ares_channel channel_ = nullptr;
  std::unordered_map<int, socket_ptr> sockets_;
  bool over_ = false;
};

/// Owns the channel, which its handlers only watch.
class dns_handle final : public name_service {
 public:
  explicit dns_handle(std::shared_ptr<dns> to) : to_(std::move(to)) {}
  void ask(const std::string& name, handler done) override {
    to_->ask(name, std::move(done));
  }

 private:
  const std::shared_ptr<dns> to_;
};

} // namespace

std::unique_ptr<name_service>
make_dns(io_unit& unit, const std::vector<std::string>& servers) {
  return std::make_unique<dns_handle>(std::make_shared<dns>(unit, servers));
}

} // namespace aps
