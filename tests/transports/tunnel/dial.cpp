#define CAF_SUITE dial

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/link_harness.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <future>

using namespace aps;
using namespace aps::test;
using tcp = boost::asio::ip::tcp;

namespace {

struct fixture : link_fixture {
  dial_options to(std::string host, uint16_t port, link_kind kind) {
    auto out = dialling(kind, port);
    out.host = std::move(host);
    return out;
  }

  dial_result dial_to(const std::string& host, uint16_t port, link_kind kind) {
    std::promise<dial_result> result;
    net->dial(net->unit(0), to(host, port, kind),
              [&](dial_result got) { result.set_value(std::move(got)); });
    return result.get_future().get();
  }

  /// One where nobody listened a moment ago.
  uint16_t unused_port() {
    boost::asio::io_context context;
    tcp::acceptor gone{context, {boost::asio::ip::address_v4::loopback(), 0}};
    return last_port = gone.local_endpoint().port();
  }

  uint16_t last_port = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dial_tests, fixture)

CAF_TEST(a refused port is reported as such) {
  for (auto kind : link_kinds) {
    const auto old = port_of(kind)->port();
    port_of(kind).reset();
    const auto result = dial(kind, old);
    CAF_CHECK(!result.connected);
    CAF_CHECK(result.error == link_error::refused);
    CAF_MESSAGE(result.detail);
    const auto address = "127.0.0.1:" + std::to_string(old);
    CAF_CHECK(result.detail.find(address) != std::string::npos);
    port_of(kind) = net->listen(options(kind.tls), node);
  }
}

CAF_TEST(a name that nobody knows is unavailable) {
  std::promise<dial_result> result;
  dial_options what;
  what.host = "no-such-host.invalid";
  what.port = 80;
  net->dial(net->unit(0), what,
            [&](dial_result got) { result.set_value(std::move(got)); });
  const auto got = result.get_future().get();
  CAF_CHECK(!got.connected);
  CAF_CHECK(got.error == link_error::unavailable
            || got.error == link_error::timed_out);
}

CAF_TEST(a silent server is given up at the deadline) {
  boost::asio::io_context context;
  tcp::acceptor silent{context, {boost::asio::ip::address_v4::loopback(), 0}};
  for (auto kind : link_kinds) {
    const auto result = dial(kind, silent.local_endpoint().port(),
                             std::chrono::milliseconds(200));
    CAF_CHECK(!result.connected);
    CAF_CHECK(result.error == link_error::timed_out);
  }
}

CAF_TEST(an address of IPv6 has brackets where its port follows) {
  for (auto kind : link_kinds) {
    const auto got = dial_to("::1", unused_port(), kind);
    CAF_CHECK(!got.connected);
    CAF_MESSAGE(got.detail);
    CAF_CHECK(got.detail.starts_with(
      "cannot connect to [::1]:" + std::to_string(last_port) + ": "));
  }
}

CAF_TEST(closing the scope ends a dial at once) {
  boost::asio::io_context context;
  tcp::acceptor silent{context, {boost::asio::ip::address_v4::loopback(), 0}};
  for (auto kind : link_kinds) {
    for (const bool before : {true, false}) {
      const auto scope = std::make_shared<live_set>();
      if (before)
        scope->close_all();
      std::promise<dial_result> result;
      auto options = to("127.0.0.1", silent.local_endpoint().port(), kind);
      options.scope = scope;
      net->dial(net->unit(0), options,
                [&](dial_result got) { result.set_value(std::move(got)); });
      if (!before)
        scope->close_all();
      const auto got = result.get_future().get();
      CAF_CHECK(!got.connected);
      CAF_CHECK(got.error == link_error::refused);
      CAF_CHECK(got.detail.ends_with(": cancelled"));
    }
  }
}

CAF_TEST(closing the scope spares the links that were made) {
  for (auto kind : link_kinds) {
    const auto scope = std::make_shared<live_set>();
    std::promise<dial_result> result;
    auto options = to("127.0.0.1", port_of(kind)->port(), kind);
    options.scope = scope;
    net->dial(net->unit(0), options,
              [&](dial_result got) { result.set_value(std::move(got)); });
    const auto made = result.get_future().get().connected;
    CAF_REQUIRE(made);
    scope->close_all();
    const auto far = node->take();
    CAF_REQUIRE(far);
    auto seen = std::make_shared<recorder>();
    start(far, seen);
    made->send({0, ping_frame{1}});
    CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
    made->abort(link_error::none);
    far->abort(link_error::none);
  }
}

CAF_TEST(the answer comes on the thread of the unit that dials) {
  for (size_t i = 0; i < net->units(); ++i) {
    std::promise<bool> result;
    net->dial(
      net->unit(i),
      to("127.0.0.1", unused_port(), {transport_kind::websocket, false}),
      [&](const dial_result&) { result.set_value(net->unit(i).on_thread()); });
    CAF_CHECK(result.get_future().get());
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
