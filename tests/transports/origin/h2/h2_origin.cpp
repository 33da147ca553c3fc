#define CAF_SUITE h2_origin

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"
#include "tests/transports/origin/h2_server.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

std::string ask(wire& visitor, const std::string& path) {
  visitor.send(get(path));
  return visitor.read_response().body;
}

h2_server::handler replies(const std::string& body) {
  return [body](const h2_server::request& asked) { asked.reply(body); };
}

} // namespace

CAF_TEST(requests share a connection) {
  h2_server origin{replies("x")};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto first = node.dial();
  auto second = node.dial();
  for (int i = 0; i < 10; ++i) {
    CAF_CHECK_EQUAL(ask(first, "/"), "x");
    CAF_CHECK_EQUAL(ask(second, "/"), "x");
  }
  CAF_CHECK_EQUAL(origin.accepted(), 1);
  CAF_CHECK_EQUAL(origin.asked(), 20);
}

CAF_TEST(another connection is opened for what one does not take) {
  std::vector<h2_server::request> held;
  h2_server origin{[&](const h2_server::request& asked) {
                     if (asked.path != "/hold")
                       return asked.reply("x");
                     held.push_back(asked);
                   },
                   2};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto visitor = node.dial();
  CAF_CHECK_EQUAL(ask(visitor, "/"), "x"); // its settings are known
  std::vector<wire> others;
  for (int i = 0; i < 5; ++i) {
    others.push_back(node.dial());
    others.back().send(get("/hold"));
    while (origin.asked() < 2 + i)
      std::this_thread::sleep_for(1ms);
  }
  CAF_CHECK_EQUAL(origin.accepted(), 3);
  origin.run([&] {
    for (const auto& each : held)
      each.reply("y");
  });
  for (auto& other : others)
    CAF_CHECK_EQUAL(other.read_response().body, "y");
  origin.run([&] { held.clear(); });
}

CAF_TEST(a connection that says goodbye gets nothing new) {
  h2_server origin{replies("x")};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto visitor = node.dial();
  CAF_CHECK_EQUAL(ask(visitor, "/"), "x");
  origin.each([](auto& connection) {
    connection.session().go_away();
    connection.pump();
  });
  // Whatever was known of it: nothing is lost.
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(ask(visitor, "/"), "x");
  CAF_CHECK_EQUAL(origin.accepted(), 2);
}

CAF_TEST(a connection at rest is closed in time) {
  h2_server origin{replies("x")};
  origin_options options;
  options.idle_timeout = 200ms;
  options.read_timeout = 400ms; // looked at more often
  proxy node{origin.port(), {}, options, "h2c"};
  auto visitor = node.dial();
  CAF_CHECK_EQUAL(ask(visitor, "/"), "x");
  for (int alive = 1; alive > 0;) {
    alive = 0;
    origin.each([&](auto& connection) { alive += !connection.is_over(); });
    std::this_thread::sleep_for(10ms);
  }
  CAF_CHECK_EQUAL(ask(visitor, "/"), "x");
  CAF_CHECK_EQUAL(origin.accepted(), 2);
}

CAF_TEST(a server that refuses is asked once more over another connection) {
  h2_server origin{[](const h2_server::request& asked) {
    asked.session().reset(asked.stream, h2_code::refused_stream);
    asked.connection->pump_soon();
  }};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1"
               "\r\n\r\nx");
  CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "origin-closed");
  CAF_CHECK_EQUAL(origin.accepted(), 2);
  CAF_CHECK_EQUAL(origin.asked(), 2);
}
