#define CAF_SUITE http_origin_limits

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// Limits short enough to be waited for.
origin_options impatient() {
  origin_options options;
  options.connect_timeout = 300ms;
  options.read_timeout = 300ms;
  options.send_timeout = 300ms;
  options.min_rate = 1000;
  return options;
}

/// Answers `/stall` with half a body, and everything else with `answer`.
tcp_server::handler stalling_or(tcp_server::handler answer) {
  return [answer = std::move(answer)](wire& to) {
    const auto request = to.read_request();
    if (request.head.target != "/stall")
      return answer(to);
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    to.ends();
  };
}

/// Waits for at least one read limit: something else runs into it.
void let_limit_pass(proxy& node) {
  auto visitor = node.dial();
  visitor.send(get("/stall"));
  CAF_CHECK(!visitor.read_response().complete);
}

const std::string stream_head
  = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n";

} // namespace

CAF_TEST(an answer that stops in the middle ends) {
  for (const auto* head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n",
        "HTTP/1.1 200 OK\r\n\r\n"}) {
    tcp_server origin{[&](wire& to) {
      to.read_request();
      to.send(head + std::string{"half"});
      to.ends();
    }};
    proxy node{origin.port(), {}, impatient()};
    auto visitor = node.dial();
    visitor.send(get("/"));
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.head.status, 200u);
    CAF_CHECK_EQUAL(answer.body, "half");
    CAF_CHECK(!answer.complete);
  }
}

CAF_TEST(an answer that drips ends) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    do
      std::this_thread::sleep_for(20ms);
    while (to.send("x"));
  }};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(!visitor.read_response().complete);
}

CAF_TEST(an answer without end goes on as long as it flows) {
  std::atomic<bool> enough{false};
  tcp_server origin{stalling_or([&](wire& to) {
    to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!enough && to.send("64\r\n" + std::string(100, 'x') + "\r\n"))
      std::this_thread::sleep_for(10ms);
    to.send("0\r\n\r\n");
  })};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  let_limit_pass(node);
  let_limit_pass(node);
  enough = true;
  CAF_CHECK(visitor.read_response().complete);
}

CAF_TEST(an event stream may be silent) {
  std::promise<void> event;
  tcp_server origin{stalling_or([&](wire& to) {
    to.send(stream_head + "data: 1\n\n");
    event.get_future().wait();
    to.send("data: 2\n\n");
  })};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  let_limit_pass(node);
  let_limit_pass(node);
  event.set_value();
  CAF_CHECK_EQUAL(visitor.read_response().body, "data: 1\n\ndata: 2\n\n");
}

CAF_TEST(an upgraded connection may be silent) {
  std::promise<void> word;
  tcp_server origin{stalling_or([&](wire& to) {
    to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
            "Upgrade: chat\r\n\r\n");
    word.get_future().wait();
    to.send("hello");
  })};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send(get("/", "Connection: upgrade\r\nUpgrade: chat\r\n"));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 101u);
  let_limit_pass(node);
  let_limit_pass(node);
  word.set_value();
  CAF_CHECK_EQUAL(visitor.read_all(), "hello");
}

CAF_TEST(a visitor that reads slowly counts for nobody) {
  constexpr size_t size = 16 * 1024 * 1024;
  tcp_server origin{stalling_or([&](wire& to) {
    to.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size)
            + "\r\n\r\n" + std::string(size, 'x'));
    to.ends();
  })};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  for (int i = 0; i < 3; ++i)
    let_limit_pass(node);
  CAF_CHECK_EQUAL(visitor.read_response().body.size(), size);
}

CAF_TEST(a visitor that sends slowly counts for nobody) {
  std::promise<std::string> came;
  tcp_server origin{[&](wire& to) {
    const auto head = to.read_request_head();
    if (head.head.target == "/stall") {
      to.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      return static_cast<void>(to.ends());
    }
    to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    came.set_value(to.read_exactly(4));
    to.send("4\r\nbody\r\n0\r\n\r\n");
  }};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4"
               "\r\n\r\n");
  let_limit_pass(node);
  let_limit_pass(node);
  visitor.send("body");
  CAF_CHECK_EQUAL(visitor.read_response().body, "body");
  CAF_CHECK_EQUAL(came.get_future().get(), "body");
}

CAF_TEST(an origin that takes nothing of a body ends its request) {
  tcp_server origin{[](wire& to) {
    to.read_request_head();
    std::this_thread::sleep_for(5s);
  }};
  proxy node{origin.port(), {}, impatient()};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\n"
               "Content-Length: 100000000\r\n\r\n");
  std::thread sender{[&] {
    while (visitor.send(std::string(64 * 1024, 'x')))
      ;
  }};
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 504u);
  CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-timeout");
  ::shutdown(visitor.fd(), SHUT_RDWR);
  sender.join();
}

CAF_TEST(an origin that never shakes hands ends in time) {
  tcp_server origin{[](wire& to) { to.ends(); }};
  proxy node{origin.port(), {}, impatient(), "https"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 504u);
  CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-timeout");
}

CAF_TEST(interim answers are limited in number and bytes) {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
  const auto big = "HTTP/1.1 103 Early Hints\r\nX: " + std::string(50'000, 'x')
                   + "\r\n\r\n";
  tcp_server origin{[&](wire& to) {
    const auto request = to.read_request();
    const auto& path = request.head.target;
    const auto& one = path == "/bytes" ? big : hint;
    for (int i = path == "/few" ? 32 : 1'000'000; i > 0 && to.send(one); --i)
      ;
    to.send(ok("x"));
  }};
  proxy node{origin.port()};
  for (const auto* path : {"/count", "/bytes"}) {
    auto visitor = node.dial();
    // HTTP/1.0 knows no interim answers.
    visitor.send("GET " + std::string{path}
                 + " HTTP/1.0\r\nHost: example.com\r\n\r\n");
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.head.status, 502u);
    CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-protocol");
  }
  auto visitor = node.dial();
  visitor.send("GET /few HTTP/1.0\r\nHost: example.com\r\n\r\n");
  CAF_CHECK_EQUAL(visitor.read_response().body, "x");
}
