#pragma once

#include "tests/transports/http/wire.hpp"

#include "config/routing/routes.hpp"
#include "transports/front/http_front.hpp"
#include "transports/origin/origin_client.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <atomic>
#include <future>
#include <mutex>

namespace aps::test {

/// Maps http://example.com to a port of this machine, and to an exchange that
/// is served right here.
class direct_front final : public front {
 public:
  direct_front(uint16_t origin_port, const origin_options& options,
               const std::string& scheme)
      : client_(make_origin_client(options)) {
    auto made = std::make_shared<route>();
    made->rule.from = {"http", "example.com", 80, ""};
    made->rule.to = {scheme, "127.0.0.1", origin_port, ""};
    if (scheme == "h2c") {
      made->rule.to.scheme = "http";
      made->rule.to.h2c = true;
    }
    route_ = std::move(made);
  }

  route_decision admit(const visitor_request& request) override {
    if (request.host == "nobody.com" || request.host == "example.com")
      return route_;
    return denial{};
  }

  /// Who sent the last request.
  std::string last_visitor() const {
    const std::lock_guard guard{mutex_};
    return last_visitor_;
  }

  void start(exchange_ptr what) override {
    {
      const std::lock_guard guard{mutex_};
      last_visitor_ = what->facts().visitor_address;
    }
    if (const auto how = fail_with.load(); how != outcome::ok)
      return what->fail(how, "as told");
    connect_directly(what, client_->serve(what->unit(), what->id(),
                                          what->head(), default_window));
  }

  void on_link(link_ptr) override {}

  void on_limit(limit kind, std::string_view, std::string_view) override {
    ++reached_.at(static_cast<size_t>(kind));
  }

  /// How often that limit was reached.
  int reached(limit kind) const {
    return reached_.at(static_cast<size_t>(kind));
  }

  exchange_id next_id() override { return ++ids_; }

  std::atomic<outcome> fail_with{outcome::ok};

 private:
  std::shared_ptr<origin_client> client_;
  std::shared_ptr<const route> route_;
  std::atomic<exchange_id> ids_{0};
  std::array<std::atomic<int>, limit_kinds> reached_{};
  mutable std::mutex mutex_;
  std::string last_visitor_; // by mutex_
};

/// A front of HTTP sessions on one I/O unit with a port of its own.
class proxy {
 public:
  explicit proxy(uint16_t origin_port, const http_limits& limits = {},
                 const origin_options& origins = {},
                 const std::string& scheme = "http")
      : proxy(with_limits(limits), origin_port, origins, scheme) {}

  proxy(listen_options options, uint16_t origin_port,
        const origin_options& origins = {}, const std::string& scheme = "http")
      : to(std::make_shared<direct_front>(origin_port, origins, scheme)),
        acceptor_(unit_.context(), {boost::asio::ip::address_v4::loopback(),
                                    0}) {
    context = std::make_shared<http_front_context>(
      to, std::move(options),
      [this](io_unit&, stream_ptr stream, upgrade_request request) {
        agent_stream = std::move(stream);
        agent.set_value(std::move(request));
      });
    accept();
    unit_.start();
  }

  ~proxy() {
    run([this] { acceptor_.close(); });
    run([] {}); // whom it accepted just now was started
    context->close_all();
    // The client ends when nobody has it, with work that it leaves on the unit.
    to = nullptr;
    context = nullptr;
    unit_.run_dry();
    unit_.stop();
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  wire dial(int receive_buffer = 0) {
    return wire::dial(port(), receive_buffer);
  }

  /// Runs `work` on the unit and waits for it.
  void run(std::function<void()> work) {
    std::promise<void> done;
    unit_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  static listen_options with_limits(const http_limits& limits) {
    listen_options options;
    options.limits = limits;
    return options;
  }

  io_unit unit_{0};

 public:
  std::shared_ptr<direct_front> to;
  std::shared_ptr<http_front_context> context;
  std::promise<upgrade_request> agent;
  stream_ptr agent_stream;

 private:
  void accept() {
    acceptor_.async_accept(
      unit_.context(),
      [this](const boost::system::error_code& error, tcp_socket socket) {
        if (error)
          return;
        socket.set_option(boost::asio::ip::tcp::no_delay{true});
        start_http_session(
          unit_, std::make_unique<byte_stream>(std::move(socket)), {}, context);
        accept();
      });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
};

/// A GET of `path` from example.com.
inline std::string get(const std::string& path,
                       const std::string& fields = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: example.com\r\n" + fields
         + "\r\n";
}

/// An answer with a body of known length.
inline std::string ok(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size())
         + "\r\n" + fields + "\r\n" + body;
}

/// Serves every request of a connection with `answer(request)`.
inline tcp_server::handler
keep_answering(std::function<std::string(const message&)> answer) {
  return [answer = std::move(answer)](wire& to) {
    for (;;) {
      const auto request = to.read_request();
      if (!request.complete || !to.send(answer(request)))
        return;
    }
  };
}

} // namespace aps::test
