#define CAF_SUITE datagram_port

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "config/routing/routes.hpp"
#include "transports/datagram_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
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
  void start(exchange_ptr made) override {
    {
      const std::lock_guard guard{mutex_};
      all_.push_back(std::move(made));
    }
    ++begun;
  }
  void on_limit(limit kind, std::string_view, std::string_view) override {
    if (kind == limit::address_connections)
      ++pushed_out;
  }

  /// Sessions that go on. On the unit's thread.
  int live() {
    const std::lock_guard guard{mutex_};
    return static_cast<int>(
      std::count_if(all_.begin(), all_.end(),
                    [](const auto& each) { return !each->over(); }));
  }

  void forget() {
    const std::lock_guard guard{mutex_};
    all_.clear();
  }

  void on_link(link_ptr) override {}
  exchange_id next_id() override { return ++ids_; }
  void on_own_answer(executor&, const own_answer&) override { ++told; }

  std::atomic<int> begun{0};
  std::atomic<int> told{0};
  std::atomic<int> pushed_out{0};
  std::atomic<bool> denied{false};

 private:
  std::mutex mutex_;
  std::vector<exchange_ptr> all_;
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
    test::on(*units.front(), [this] { to->forget(); });
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

  int live() {
    int out = 0;
    test::on(*units.front(), [&] { out = to->live(); });
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

CAF_TEST(an address has so many sessions and the oldest makes room) {
  auto few = options(0);
  few.connections.per_address = 4;
  port = open_datagram_port(units, few, to);
  std::vector<udp::socket> visitors;
  for (int i = 0; i < 10; ++i) {
    visitors.push_back(visitor());
    send(visitors.back(), "x");
    CAF_REQUIRE(becomes(to->begun, i + 1));
  }
  CAF_CHECK(becomes(to->pushed_out, 6));
  for (int i = 0; live() != 4 && i < 1000; ++i)
    std::this_thread::sleep_for(10ms);
  CAF_CHECK_EQUAL(live(), 4);
  send(visitors.back(), "x");  // it stayed
  send(visitors.front(), "x"); // it waits a second before it comes again
  test::on(*units.front(), [] {});
  CAF_CHECK_EQUAL(live(), 4);
  CAF_CHECK_EQUAL(to->begun, 10);
}

CAF_TEST(more come in than are remembered only later) {
  auto few = options(0);
  few.connections.total = 3;
  port = open_datagram_port(units, few, to);
  std::vector<udp::socket> visitors;
  for (int i = 0; i < 6; ++i) { // those that made room are remembered as well
    visitors.push_back(visitor());
    send(visitors.back(), "x");
    CAF_REQUIRE(becomes(to->begun, i + 1));
  }
  auto late = visitor();
  for (int i = 0; to->begun == 6 && i < 1000; ++i) {
    send(late, "x");
    std::this_thread::sleep_for(10ms);
  }
  CAF_CHECK_EQUAL(to->begun, 7);
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
