#define CAF_SUITE http_origin

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// The outcome word and status that a GET through `node` gets.
std::pair<unsigned, std::string> try_get(proxy& node,
                                         const std::string& request
                                         = get("/")) {
  auto visitor = node.dial();
  visitor.send(request);
  const auto answer = visitor.read_response();
  return {answer.head.status, answer["aps-outcome"]};
}

using result = std::pair<unsigned, std::string>;

} // namespace

CAF_TEST(an origin that refuses is told apart) {
  uint16_t port = 0;
  {
    tcp_server gone{[](wire&) {}};
    port = gone.port();
  }
  proxy node{port};
  CAF_CHECK_EQUAL(try_get(node), (result{502, "origin-refused"}));
}

CAF_TEST(an origin that speaks no HTTP is told apart) {
  for (const auto* nonsense :
       {"hello\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}) {
    tcp_server origin{[&](wire& to) {
      to.read_request();
      to.send(nonsense);
      to.ends();
    }};
    proxy node{origin.port()};
    CAF_CHECK_EQUAL(try_get(node), (result{502, "origin-protocol"}));
  }
}

CAF_TEST(an origin that closes without an answer is told apart) {
  tcp_server origin{[](wire& to) { to.read_request(); }};
  proxy node{origin.port()};
  CAF_CHECK_EQUAL(try_get(node), (result{502, "origin-closed"}));
}

CAF_TEST(a kept connection that is dead is replaced unseen) {
  std::atomic<int> connections{0};
  std::promise<void> second_request;
  tcp_server origin{[&](wire& to) {
    const bool first = ++connections == 1;
    to.read_request();
    to.send(ok("1"));
    // The second request arrives, then the connection dies.
    const auto again = to.read_request();
    if (first || !again.complete)
      return to.reset();
    to.send(ok("2"));
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "1");
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "1");
  CAF_CHECK_EQUAL(connections, 2);
}

CAF_TEST(what may have been executed is not sent twice) {
  std::atomic<int> requests{0};
  tcp_server origin{[&](wire& to) {
    ++requests;
    to.read_request();
    to.send(ok("1"));
    if (to.read_request().complete)
      ++requests;
    to.reset();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "1");
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1"
               "\r\n\r\nx");
  CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "origin-closed");
  CAF_CHECK_EQUAL(requests, 2);
}

CAF_TEST(a connection that the origin will close is not kept) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send(ok("x", "Connection: close\r\n"));
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (size_t i = 1; i <= 3; ++i) {
    visitor.send(get("/"));
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.body, "x");
    CAF_CHECK(answer.head.keep_alive);
    CAF_CHECK_EQUAL(origin.accepted(), i);
  }
}

CAF_TEST(idle connections are closed in time) {
  std::promise<bool> closed;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send(ok("x"));
    closed.set_value(to.ends());
  }};
  origin_options options;
  options.idle_timeout = 200ms;
  proxy node{origin.port(), {}, options};
  CAF_CHECK_EQUAL(try_get(node).first, 200u);
  CAF_CHECK(closed.get_future().get());
}

CAF_TEST(an early answer passes although the body is not read) {
  tcp_server origin{[](wire& to) {
    to.read_request_head();
    to.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n"
            "Connection: close\r\n\r\nno");
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\n"
               "Content-Length: 10000000\r\n\r\n" + std::string(1000, 'x'));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 403u);
  CAF_CHECK_EQUAL(answer.body, "no");
  CAF_CHECK(visitor.ends());
}

CAF_TEST(a missing certificate file is reported) {
  origin_options options;
  options.ca_file = "/does/not/exist.pem";
  bool thrown = false;
  try {
    make_origin_client(options);
  } catch (const std::runtime_error& error) {
    thrown = std::string_view{error.what()}.find("/does/not/exist.pem")
             != std::string_view::npos;
  }
  CAF_CHECK(thrown);
}

CAF_TEST(what is under way ends with its client) {
  std::promise<void> asked;
  std::promise<bool> ended;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    asked.set_value();
    ended.set_value(to.ends());
  }};
  io_unit unit{0};
  unit.start();
  auto client = make_origin_client({});
  auto head = std::make_shared<request_head>();
  head->method = "GET";
  head->scheme = "http";
  head->authority = "127.0.0.1:" + std::to_string(origin.port());
  head->path = "/";
  head->last = true;
  std::weak_ptr<served_exchange> served;
  unit.post([&] { served = client->serve(unit, 1, head, default_window); });
  asked.get_future().wait();
  client = nullptr;
  CAF_CHECK(ended.get_future().get());
  unit.stop();
  CAF_CHECK(served.expired());
}
