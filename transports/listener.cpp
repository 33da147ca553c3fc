#include "transports/listener.hpp"

#include "transports/guard.hpp"
#include "transports/http/http_session.hpp"
#include "transports/sniffer.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/tunnel/poll_desk.hpp"
#include "transports/tunnel/websocket_link.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>
#include <system_error>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr int backlog = 4096;
constexpr std::chrono::milliseconds exhausted_pause{100};

[[noreturn]] void fail(const listen_options& options,
                       const error_code& error) {
  throw std::system_error(error, "cannot listen on " + options.host + ":"
                                   + std::to_string(options.port));
}

// The configuration takes addresses and "localhost", so nothing is looked up.
tcp::endpoint resolve(const listen_options& options) {
  error_code error;
  const auto address = asio::ip::make_address(
    options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error)
    fail(options, error);
  return {address, options.port};
}

/// The port and what it shares with its connections. The acceptor is touched
/// on the first unit's thread only, once it runs.
class open_port : public std::enable_shared_from_this<open_port> {
 public:
  open_port(const listener_environment& where, const listen_options& options,
            std::shared_ptr<front> to)
      : where_(where), options_(options), to_(std::move(to)),
        acceptor_(first_unit().context()), pause_(first_unit().context()) {
    bind();
  }

  void start() {
    http_ = std::make_shared<http_front_context>(to_, options_, upgrades(),
                                                 polls());
    asio::post(first_unit().context(),
               [me = shared_from_this()] { me->accept(); });
  }

  uint16_t port() const noexcept { return port_; }
  size_t sessions() const noexcept { return http_->sessions(); }

  void stop_accepting() {
    if (stopped_.exchange(true))
      return;
    // Takes effect at once and is harmless from any thread; the descriptor
    // itself is closed where it is used.
    ::shutdown(descriptor_, SHUT_RDWR);
    http_->drain();
    asio::post(first_unit().context(), [me = shared_from_this()] {
      error_code ignored;
      me->acceptor_.close(ignored);
      me->pause_.cancel();
    });
  }

  void close() {
    stop_accepting();
    http_->close_all();
    live_.close_all();
  }

  /// The connection that failed is lost, the port goes on.
  void on_exception(const std::string&) { accept_later(); }

 private:
  io_unit& first_unit() const noexcept { return *where_.units.front(); }

  void bind() {
    const auto endpoint = resolve(options_);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error)
      acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error)
      acceptor_.bind(endpoint, error);
    if (!error)
      acceptor_.listen(backlog, error);
    if (error)
      fail(options_, error);
    descriptor_ = acceptor_.native_handle();
    port_ = acceptor_.local_endpoint().port();
  }

  void accept() {
    if (stopped_)
      return;
    auto& unit = *where_.units[next_unit_++ % where_.units.size()];
    asio::any_io_executor executor{unit.context().get_executor()};
    acceptor_.async_accept(
      executor, guard(first_unit(), shared_from_this(),
                      [&unit](const auto& me, const error_code& error,
                              tcp::socket socket) {
                        me->on_accept(unit, error, std::move(socket));
                      }));
  }

  void on_accept(io_unit& unit, const error_code& error, tcp::socket socket) {
    if (stopped_)
      return;
    if (error == asio::error::no_descriptors
        || error.value() == ENFILE || error.value() == ENOBUFS
        || error.value() == ENOMEM)
      return accept_later();
    if (!error)
      asio::post(unit.context(), [me = shared_from_this(), &unit,
                                  socket = std::move(socket)]() mutable {
        me->sniff(unit, std::move(socket));
      });
    accept();
  }

  void accept_later() {
    pause_.expires_after(exhausted_pause);
    pause_.async_wait([me = shared_from_this()](const error_code&) {
      me->accept();
    });
  }

  void sniff(io_unit& unit, tcp::socket socket) {
    auto who = std::make_shared<sniffer>(
      unit, std::move(socket), options_.limits.header_timeout,
      [me = shared_from_this(), &unit](tcp::socket taken, std::string bytes,
                                       first_bytes what) {
        if (what == first_bytes::http2)
          me->to_grpc(unit, std::move(taken), std::move(bytes));
        else
          start_http_session(unit, std::move(taken), std::move(bytes),
                             me->http_);
      });
    live_.add<sniffer>(who, [](sniffer& all) {
      dispatch(all.unit(), [all = all.shared_from_this()] { all->close(); });
    });
    who->start();
  }

  void to_grpc(io_unit& unit, tcp::socket socket, std::string bytes) {
    if (!options_.agents || !where_.grpc || stopped_)
      return;
    auto relay = where_.grpc->adopt(
      unit, std::move(socket), std::move(bytes),
      {options_.name, to_, options_.limits.header_timeout});
    if (relay)
      live_.add<grpc_relay>(relay, [](grpc_relay& all) {
        dispatch(all.unit(), [all = all.shared_from_this()] { all->close(); });
      });
  }

  tunnel_upgrade_handler upgrades() {
    if (!options_.agents)
      return {};
    return [weak = weak_from_this()](io_unit& unit, tcp::socket socket,
                                     upgrade_request what) {
      if (auto me = weak.lock())
        me->to_websocket(unit, std::move(socket), std::move(what));
    };
  }

  void to_websocket(io_unit& unit, tcp::socket socket, upgrade_request what) {
    if (!what.rest.empty()) // an agent waits for the challenge
      return;
    auto link = accept_websocket(
      unit, std::move(socket), std::move(what.target), what.headers,
      options_.name,
      [to = to_](link_ptr opened, link_error, const std::string&) {
        if (opened)
          to->on_link(std::move(opened));
      });
    live_.add<aps::link>(link,
                         [](aps::link& who) { who.abort(link_error::none); });
  }

  poll_handler polls() {
    if (!options_.agents)
      return {};
    auto desk = std::make_shared<poll_desk>(
      options_.name, [weak = weak_from_this()](link_ptr opened) {
        if (auto me = weak.lock())
          me->on_poll_link(std::move(opened));
      });
    return [desk](const exchange_ptr& what) { desk->serve(what); };
  }

  void on_poll_link(link_ptr opened) {
    live_.add<aps::link>(opened,
                         [](aps::link& who) { who.abort(link_error::none); });
    to_->on_link(std::move(opened));
  }

  const listener_environment where_;
  const listen_options options_;
  const std::shared_ptr<front> to_;
  std::shared_ptr<http_front_context> http_;
  live_set live_;
  std::atomic<bool> stopped_{false};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  int descriptor_ = -1;
  uint16_t port_ = 0;
  size_t next_unit_ = 0;
};

/// The handle; connections share the port behind it.
class port_listener final : public listener {
 public:
  explicit port_listener(std::shared_ptr<open_port> port)
      : port_(std::move(port)) {
    port_->start();
  }

  ~port_listener() override { port_->close(); }

  uint16_t port() const noexcept override { return port_->port(); }
  void stop_accepting() override { port_->stop_accepting(); }
  size_t sessions() const noexcept override { return port_->sessions(); }

 private:
  const std::shared_ptr<open_port> port_;
};

} // namespace

std::unique_ptr<listener> open_listener(const listener_environment& where,
                                        const listen_options& options,
                                        std::shared_ptr<front> to) {
  return std::make_unique<port_listener>(
    std::make_shared<open_port>(where, options, std::move(to)));
}

} // namespace aps
