#define CAF_SUITE datagram_port

#include "tests/support/test.hpp"

#include "config/routing/routes.hpp"
#include "transports/datagram_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <atomic>
#include <system_error>
#include <thread>

using namespace aps;
using namespace std::chrono_literals;
using udp = boost::asio::ip::udp;

namespace {

/// Counts the sessions that begin.
class counter final : public front {
 public:
  counter() {
    auto made = std::make_shared<route>();
    made->rule.to.scheme = "udp";
    made->rule.to.host = "a";
    made->rule.to.port = 1;
    route_ = std::move(made);
  }
  route_decision admit(const visitor_request&) override {
    if (denied)
      return denial{outcome::forbidden, {}, {}};
    return route_;
  }
  void start(exchange_ptr) override { ++begun; }
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return ++ids_; }
  void on_own_answer(executor&, const own_answer&) override { ++told; }

  std::atomic<int> begun{0};
  std::atomic<int> told{0};
  std::atomic<bool> denied{false};

 private:
  std::shared_ptr<const route> route_;
  std::atomic<exchange_id> ids_{0};
};

struct fixture {
  io_units units;
  std::shared_ptr<counter> to = std::make_shared<counter>();
  std::unique_ptr<listener> port;
  boost::asio::io_context context;

  fixture() {
    units.push_back(std::make_unique<io_unit>(0));
    units.front()->start();
    port = open_datagram_port(units, options(0), to);
  }
  ~fixture() {
    port = nullptr;
    units.front()->run_dry();
    units.front()->stop();
    units.front()->let_go();
  }

  static listen_options options(uint16_t number) {
    listen_options out;
    out.key = "$.mappings[0].from";
    out.host = "127.0.0.1";
    out.port = number;
    out.stream = stream_address{"udp", "", number};
    return out;
  }

  void send(udp::socket& from, const std::string& text) const {
    from.send_to(boost::asio::buffer(text),
                 {boost::asio::ip::address_v4::loopback(), port->port()});
  }

  udp::socket visitor() {
    return udp::socket{context, {boost::asio::ip::address_v4::loopback(), 0}};
  }

  static bool becomes(const std::atomic<int>& count, int wanted) {
    for (int i = 0; count != wanted && i < 1000; ++i)
      std::this_thread::sleep_for(10ms);
    return count == wanted;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(datagram_port_tests, fixture)

CAF_TEST(each visitor has one session) {
  auto first = visitor();
  auto second = visitor();
  for (int i = 0; i < 5; ++i)
    send(first, "x");
  send(second, "y");
  CAF_CHECK(becomes(to->begun, 2));
  CAF_CHECK_EQUAL(port->sessions(), 0u);
}

CAF_TEST(who is denied begins none) {
  to->denied = true;
  auto one = visitor();
  send(one, "x");
  CAF_CHECK(becomes(to->told, 1));
  CAF_CHECK_EQUAL(to->begun, 0);
}

CAF_TEST(nobody comes in any more) {
  auto known = visitor();
  send(known, "x");
  CAF_CHECK(becomes(to->begun, 1));
  port->stop_accepting();
  auto other = visitor();
  send(other, "x");
  to->denied = false;
  units.front()->run_dry();
  CAF_CHECK_EQUAL(to->begun, 1);
}

CAF_TEST(a port that is taken is told with its key) {
  try {
    open_datagram_port(units, options(port->port()), to);
    CAF_FAIL("it is open");
  } catch (const std::system_error& error) {
    CAF_CHECK(std::string{error.what()}.starts_with("$.mappings[0].from: "));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
