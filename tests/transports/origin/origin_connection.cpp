#define CAF_SUITE origin_connection

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

CAF_TEST(what is left behind an answer fails nobody) {
  const std::string bodiless = "HTTP/1.1 204 No Content\r\n"
                               "Content-Length: 4\r\n\r\n";
  const std::string unchanged = "HTTP/1.1 304 Not Modified\r\n"
                                "Content-Length: 4\r\n\r\n";
  struct {
    std::string request;
    std::string answer;
    std::string rest;
  } const table[] = {
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "body"},
    {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "4\r\nbody\r\n0\r\n\r\n"},
    {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", "body"},
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
    {"GET", bodiless, "body"},
    {"GET", unchanged, "body"},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", "more"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "\r\n"},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", "\r\n"},
  };
  for (const auto& [method, answer, rest] : table)
    for (const bool late : {false, true}) {
      std::atomic<int> good{0};
      tcp_server origin{[&, &answer = answer, &rest = rest](wire& to) {
        auto request = to.read_request();
        if (request.head.target == "/bad") {
          to.send(late ? answer : answer + rest);
          if (late) {
            std::this_thread::sleep_for(20ms);
            to.send(rest);
          }
          request = to.read_request();
        }
        for (; request.complete; request = to.read_request()) {
          ++good;
          to.send(ok("good"));
        }
      }};
      proxy node{origin.port()};
      auto first = node.dial();
      first.send(method + " /bad HTTP/1.1\r\nHost: example.com\r\n\r\n");
      CAF_CHECK(first.read_response(method == "HEAD").complete);
      for (int i = 0; i < 3; ++i) {
        auto second = node.dial();
        second.send(get("/"));
        CAF_CHECK_EQUAL(second.read_response().body, "good");
      }
      CAF_CHECK(good >= 3 && good <= 4);
    }
}

CAF_TEST(an answer that others may read otherwise ends its connection) {
  tcp_server origin{keep_answering([](const message&) {
    return std::string{"HTTP/1.1 200 OK\nContent-Length: 1\n\nx"};
  })};
  proxy node{origin.port()};
  for (size_t i = 1; i <= 3; ++i) {
    auto visitor = node.dial();
    visitor.send(get("/"));
    CAF_CHECK_EQUAL(visitor.read_response().body, "x");
    CAF_CHECK_EQUAL(origin.accepted(), i);
  }
}

CAF_TEST(a switch of protocols carries the name as it was sent) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            "Upgrade: SPDY/3.1\r\n\r\nfirst");
    to.send(" second");
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/", "Connection: upgrade\r\nUpgrade: SPDY/3.1\r\n"));
  const auto head = visitor.read_response();
  CAF_CHECK_EQUAL(head.head.status, 101u);
  CAF_CHECK_EQUAL(head["upgrade"], "SPDY/3.1");
  CAF_CHECK_EQUAL(visitor.read_all(), "first second");
}

CAF_TEST(a switch without a name is to the protocol that was asked for) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 101\r\n\r\nhello");
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/", "Connection: upgrade\r\nUpgrade: chat\r\n"));
  const auto head = visitor.read_response();
  CAF_CHECK_EQUAL(head["upgrade"], "chat");
  CAF_CHECK_EQUAL(visitor.read_all(), "hello");
}
