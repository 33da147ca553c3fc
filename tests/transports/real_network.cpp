#define CAF_SUITE real_network

#include "tests/support/test.hpp"

#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <future>
#include <stdexcept>

using namespace aps;
using namespace aps::test;

namespace {

/// Tells when the loop that it belongs to is destroyed.
struct loop_witness final : boost::asio::execution_context::service {
  static boost::asio::execution_context::id id;
  explicit loop_witness(boost::asio::execution_context& of) : service(of) {}
  ~loop_witness() override {
    if (gone)
      *gone = true;
  }
  void shutdown() override {}
  bool* gone = nullptr;
};

boost::asio::execution_context::id loop_witness::id;

} // namespace

CAF_TEST(there are as many units as asked for or one per core) {
  const auto three = make_network(3);
  CAF_REQUIRE_EQUAL(three->units(), 3u);
  for (size_t i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(three->unit(i).index(), i);
  CAF_CHECK(make_network(0)->units() >= 1u);
}

CAF_TEST(each unit has a thread of its own) {
  const auto net = make_network(2);
  for (size_t here = 0; here < 2; ++here) {
    std::promise<std::pair<bool, bool>> on;
    net->unit(here).post([&] {
      on.set_value(
        {net->unit(here).on_thread(), net->unit(1 - here).on_thread()});
    });
    CAF_CHECK((on.get_future().get() == std::pair{true, false}));
    CAF_CHECK(!net->unit(here).on_thread());
  }
}

CAF_TEST(a name server that is no address is told at once) {
  CAF_CHECK_THROWS_AS(make_network(1, {"127.0.0.1", "dns.example.com"}),
                      std::runtime_error);
}

CAF_TEST(certificates that cannot be read are told at once) {
  origin_options options;
  options.ca_file = "/nowhere/ca.pem";
  CAF_CHECK_THROWS_AS(make_network(1)->origins(options), std::runtime_error);
}

CAF_TEST(exceptions of all units are counted in one place) {
  const auto net = make_network(2);
  const auto watch = net->exceptions();
  CAF_REQUIRE(watch);
  std::promise<void> both;
  const auto listening = watch->add([&](const std::string&) {
    if (watch->count() == 2)
      both.set_value();
  });
  for (size_t i = 0; i < 2; ++i)
    net->unit(i).post([] { throw std::runtime_error("bad day"); });
  both.get_future().wait();
  CAF_CHECK_EQUAL(watch->count(), 2u);
}

CAF_TEST(what was posted before the end is done) {
  auto net = make_network(2);
  std::atomic<int> done{0};
  for (size_t i = 0; i < 2; ++i) {
    auto& unit = net->unit(i);
    unit.post([&done, &unit] {
      ++done;
      unit.post([&done] { ++done; });
    });
  }
  net.reset();
  CAF_CHECK_EQUAL(done.load(), 4);
}

CAF_TEST(what waits in a unit goes before any unit does) {
  auto net = make_network(2);
  std::array<bool, 2> gone{};
  int dropped = 0;
  for (size_t here = 0; here < 2; ++here)
    on(as_io_unit(net->unit(here)), [&] {
      auto& loop = as_io_unit(net->unit(here)).context();
      boost::asio::use_service<loop_witness>(loop).gone = &gone[here];
      auto timer = std::make_shared<boost::asio::steady_timer>(loop);
      // It may hold what belongs to the other unit.
      const std::shared_ptr<void> held{nullptr, [&](void*) {
                                         CAF_CHECK(!gone[0]);
                                         CAF_CHECK(!gone[1]);
                                         ++dropped;
                                       }};
      timer->expires_after(std::chrono::hours{1});
      timer->async_wait([timer, held](const boost::system::error_code&) {});
    });
  net.reset();
  CAF_CHECK_EQUAL(dropped, 2);
  CAF_CHECK(gone[0]);
  CAF_CHECK(gone[1]);
}

CAF_TEST_FIXTURE_SCOPE(real_network_tests, link_fixture)

CAF_TEST(a network goes away under its links) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto node_side = std::make_shared<recorder>();
    auto agent_side = std::make_shared<recorder>();
    auto pair = connect(kind);
    CAF_REQUIRE(pair.node && pair.agent);
    start(pair.node, node_side);
    start(pair.agent, agent_side);
    auto idle = connect(kind); // never started
    pair = {};
    idle = {};
    port.reset();
    secure_port.reset();
    net.reset();
    CAF_CHECK_EQUAL(agent_side->closings(), 1);
    CAF_CHECK_EQUAL(node_side->closings(), 1);
    net = make_network(2);
    port = net->listen(options(), node);
    secure_port = net->listen(options(true), node);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
