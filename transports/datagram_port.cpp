#include "transports/datagram_port.hpp"

#include "config/host.hpp"
#include "transports/front/http_front.hpp"
#include "transports/front/streams/datagram_visit.hpp"
#include "transports/front/streams/stream_request.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/net/datagram/receive_datagram.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/sockets/sockets.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <system_error>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using udp = asio::ip::udp;

namespace {

// Datagrams that are taken before others on the unit have their turn.
constexpr int datagrams_at_once = 256;

constexpr duration look_interval = std::chrono::seconds(1);

/// The socket and its sessions, by visitor.
class datagram_socket final
    : public watched,
      public std::enable_shared_from_this<datagram_socket> {
 public:
  datagram_socket(io_unit& unit, const listen_options& options, front_ptr to)
      : unit_(unit), to_(std::move(to)),
        gate_(std::make_shared<gate>(options.connections, to_)),
        context_(std::make_shared<http_front_context>(to_, options, nullptr)),
        socket_(unit.context()) {
    const auto host = options.host == "localhost" ? "127.0.0.1" : options.host;
    error_code error;
    const udp::endpoint at{asio::ip::make_address(host, error), options.port};
    if (!error)
      socket_.open(at.protocol(), error);
    if (!error)
      socket_.bind(at, error);
    if (error)
      throw std::system_error(
        error, options.key + ": cannot listen on UDP "
                 + config::authority(options.host, options.port));
    here_ = socket_.local_endpoint();
  }

  void start() {
    asio::post(unit_.context(), [me = shared_from_this()] {
      me->unit_.watch(std::weak_ptr<watched>{me});
      me->wait();
    });
  }

  uint16_t port() const noexcept { return here_.port(); }

  void stop_accepting() noexcept { stopped_ = true; }

  void close() {
    stopped_ = true;
    asio::post(unit_.context(), [me = shared_from_this()] {
      error_code ignored;
      me->socket_.close(ignored);
      for (const auto& [from, visit] : std::exchange(me->visits_, {}))
        visit->close();
    });
  }

  void on_tick(time_point now) override {
    if (now < next_look_)
      return;
    next_look_ = now + look_interval;
    std::erase_if(
      visits_, [now](const auto& entry) { return entry.second->is_over(now); });
  }

  /// One datagram is lost, the port goes on.
  void on_exception(const std::string&) override { wait(); }

 private:
  void wait() {
    if (!socket_.is_open())
      return;
    socket_.async_wait(udp::socket::wait_read,
                       guard(unit_, shared_from_this(),
                             [](const auto& self, const error_code& error) {
                               if (!error)
                                 self->receive();
                             }));
  }

  void receive() {
    const auto now = unit_.now();
    for (int i = 0; i < datagrams_at_once && socket_.is_open(); ++i) {
      udp::endpoint from;
      auto size = static_cast<unsigned>(from.capacity());
      const auto got
        = receive_datagram(socket_.native_handle(), from.data(), &size);
      if (got.error == EAGAIN)
        break;
      if (!got.any)
        continue; // what an earlier one of ours met
      from.resize(size);
      take(from, got.bytes, now);
    }
    wait();
  }

  void take(const udp::endpoint& from, std::string_view datagram,
            time_point now) {
    const auto known = visits_.find(from);
    if (known != visits_.end())
      return known->second->take(datagram, now);
    if (stopped_)
      return;
    const std::string copy{datagram}; // the buffer is the thread's
    if (const auto visit = begin(from))
      visit->take(copy, now);
  }

  std::shared_ptr<datagram_visit> begin(const udp::endpoint& from) {
    // Addresses are easily made up, and those that made room stay for a while.
    if (visits_.size() >= 2 * context_->options().connections.total)
      return nullptr;
    const auto peer = without_mapping({from.address(), from.port()});
    auto entered = gate_->enter(unit_, {.ip = peer.address().to_string(),
                                        .peer = to_string(peer),
                                        .fd = socket_.native_handle(),
                                        .passes_on = false});
    if (!entered.place)
      return nullptr;
    const auto& address = *context_->options().stream;
    auto decided = decide_stream(*context_, address, peer,
                                 {here_.address(), here_.port()});
    if (const auto* denied = std::get_if<denial>(&decided)) {
      tell_refused_stream(*context_, unit_, address, peer.address().to_string(),
                          *denied);
      return nullptr;
    }
    auto& onward = std::get<onward_request>(decided);
    auto visit = std::make_shared<datagram_visit>(
      entered.place, sender_to(from), idle_limit_of(*onward.facts.via));
    entered.place->on_evict([weak = std::weak_ptr{visit}] {
      if (const auto oldest = weak.lock())
        oldest->close();
    });
    visits_.emplace(from, visit);
    visit->start(*context_, unit_, std::move(onward));
    return visit;
  }

  datagram_visit::sender sender_to(const udp::endpoint& to) {
    return [weak = weak_from_this(), to](std::string_view datagram) {
      // Full buffers lose it, as they do everywhere.
      if (const auto me = weak.lock(); me && me->socket_.is_open())
        ::sendto(me->socket_.native_handle(), datagram.data(), datagram.size(),
                 MSG_DONTWAIT | MSG_NOSIGNAL, to.data(),
                 static_cast<socklen_t>(to.size()));
    };
  }

  duration idle_limit_of(const route& via) const {
    const auto own
      = std::chrono::duration_cast<duration>(via.rule.idle_timeout);
    return own > duration::zero()
             ? own
             : context_->options().streams.udp_idle_timeout;
  }

  io_unit& unit_;
  const front_ptr to_;
  const std::shared_ptr<gate> gate_;
  const http_front_ptr context_;
  udp::socket socket_;
  udp::endpoint here_;
  std::map<udp::endpoint, std::shared_ptr<datagram_visit>> visits_;
  time_point next_look_{};
  std::atomic<bool> stopped_{false};
};

/// The handle.
class datagram_port final : public listener {
 public:
  explicit datagram_port(std::shared_ptr<datagram_socket> socket)
      : socket_(std::move(socket)) {
    socket_->start();
  }
  ~datagram_port() override { socket_->close(); }

  uint16_t port() const noexcept override { return socket_->port(); }
  void stop_accepting() override { socket_->stop_accepting(); }
  size_t sessions() const noexcept override { return 0; }

 private:
  const std::shared_ptr<datagram_socket> socket_;
};

} // namespace

std::unique_ptr<listener> open_datagram_port(io_units& units,
                                             const listen_options& options,
                                             front_ptr to) {
  auto& unit = *units[options.port % units.size()];
  return std::make_unique<datagram_port>(
    std::make_shared<datagram_socket>(unit, options, std::move(to)));
}

} // namespace aps
