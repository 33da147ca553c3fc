#pragma once

#include "tests/transports/http/proxy.hpp"

#include "transports/front/streams/stream_request.hpp"
#include "transports/front/streams/stream_visit.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <future>
#include <utility>

namespace aps::test {

/// A port whose connections are streams to a target on this machine, on one I/O
/// unit.
class stream_port {
 public:
  explicit stream_port(uint16_t target, listen_options options = {},
                       const origin_options& origins = {})
      : to(std::make_shared<direct_front>(target, origins, "tcp")),
        acceptor_(unit_.context(),
                  {boost::asio::ip::address_v4::loopback(), 0}) {
    context = std::make_shared<http_front_context>(
      to, std::move(options),
      [](io_unit&, const stream_ptr&, const upgrade_request&) {});
    accept();
    unit_.start();
  }

  ~stream_port() {
    std::promise<void> done;
    unit_.post([&] {
      acceptor_.close();
      done.set_value();
    });
    done.get_future().wait();
    to = nullptr;
    context = nullptr;
    unit_.run_dry();
    unit_.stop();
    unit_.let_go();
  }

  wire dial(int receive_buffer = 0) {
    return wire::dial(acceptor_.local_endpoint().port(), receive_buffer);
  }

  std::shared_ptr<direct_front> to;
  std::shared_ptr<http_front_context> context;

 private:
  void accept() {
    acceptor_.async_accept(
      unit_.context(),
      [this](const boost::system::error_code& error, tcp_socket socket) {
        if (error)
          return;
        begin(std::make_unique<byte_stream>(std::move(socket)));
        accept();
      });
  }

  void begin(stream_ptr stream) {
    auto decided = decide_stream(*context, {"tcp", "example.com", 1},
                                 stream->peer(), stream->destination());
    const auto visit = std::make_shared<stream_visit>(unit_, std::move(stream),
                                                      context, nullptr);
    visit->start(std::get<onward_request>(std::move(decided)));
  }

  io_unit unit_{0};
  boost::asio::ip::tcp::acceptor acceptor_;
};

/// Until `condition`, ten seconds at most.
template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition())
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

} // namespace aps::test
