#pragma once

#include "transports/http2/h2_connection.hpp"
#include "transports/http2/h2_fields.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <vector>

namespace aps::test {

/// An HTTP/2 server on a thread of its own; `answer` says what becomes of a
/// request, on that thread.
class h2_server {
 public:
  struct request {
    std::shared_ptr<h2_connection> connection;
    int32_t stream;
    std::string method, path;

    h2_session& session() const { return connection->session(); }

    void reply(const std::string& body) const {
      session().respond(stream, {{":status", "200"}}, body.empty());
      if (!body.empty()) {
        session().write(stream, slice::copy(body));
        session().finish(stream);
      }
      connection->pump_soon();
    }
  };
  using handler = std::function<void(const request&)>;

  explicit h2_server(handler answer, uint32_t streams = 100)
      : answer_(std::move(answer)),
        acceptor_(unit_.context(),
                  {boost::asio::ip::address_v4::loopback(), 0}) {
    profile_.streams = streams;
    accept();
    unit_.start();
  }

  ~h2_server() {
    run([this] {
      acceptor_.close();
      for (const auto& weak : connections_)
        if (const auto connection = weak.lock())
          connection->close();
    });
    unit_.run_dry();
    unit_.stop();
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int accepted() const { return accepted_; }
  int asked() const { return asked_; }

  /// Runs `work` on the server's thread and waits for it.
  void run(std::function<void()> work) {
    std::promise<void> done;
    unit_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  /// What all connections say now.
  void each(const std::function<void(h2_connection&)>& work) {
    run([&] {
      for (const auto& weak : connections_)
        if (const auto connection = weak.lock())
          work(*connection);
    });
  }

 private:
  struct consumer final : h2_stream_owner {
    void on_body(const slice& bytes, size_t) override {
      if (const auto to = connection.lock())
        to->session().consume(stream, bytes.size());
    }
    void on_peer_end() override {}
    void on_over(const h2_ending&) override {}
    std::weak_ptr<h2_connection> connection;
    int32_t stream = 0;
  };

  struct door final : h2_acceptor {
    explicit door(h2_server& of) : of(of) {}
    std::shared_ptr<h2_stream_owner>
    on_request(int32_t stream, header_list head, bool) override {
      ++of.asked_;
      const auto owner = std::make_shared<consumer>();
      owner->connection = connection;
      owner->stream = stream;
      request asked{connection.lock(), stream,
                    std::string{value_of(head, ":method")},
                    std::string{value_of(head, ":path")}};
      // Behind this call, when the stream has its owner.
      of.unit_.post([&server = of, asked] { server.answer_(asked); });
      return owner;
    }
    h2_server& of;
    std::weak_ptr<h2_connection> connection;
  };

  void accept() {
    acceptor_.async_accept(
      unit_.context(),
      [this](const boost::system::error_code& error, tcp_socket socket) {
        if (error)
          return;
        ++accepted_;
        const auto at = std::make_shared<door>(*this);
        auto connection = std::make_shared<h2_connection>(
          unit_, std::make_unique<byte_stream>(std::move(socket)),
          h2_settings{.profile = profile_}, at);
        at->connection = connection;
        connection->session().counts().admit();
        connection->start({});
        connections_.push_back(connection);
        accept();
      });
  }

  const handler answer_;
  h2_profile profile_;
  std::atomic<int> accepted_{0};
  std::atomic<int> asked_{0};
  io_unit unit_{0};
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<h2_connection>> connections_;
};

} // namespace aps::test
