#define CAF_SUITE http_origin_reuse

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

std::string post(const std::string& path) {
  return "POST " + path
         + " HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx";
}

/// An origin that counts what it is asked, by connection.
struct counting_origin {
  std::atomic<int> connections{0};
  std::atomic<int> requests{0};
};

} // namespace

CAF_TEST(a request on a fresh connection is executed once) {
  for (const auto& request : {get("/"), post("/")}) {
    counting_origin count;
    tcp_server origin{[&](wire& to) {
      ++count.connections;
      if (to.read_request().complete)
        ++count.requests;
    }};
    proxy node{origin.port()};
    auto visitor = node.dial();
    visitor.send(request);
    CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "origin-closed");
    CAF_CHECK_EQUAL(count.requests, 1);
    CAF_CHECK_EQUAL(count.connections, 1);
  }
}

CAF_TEST(a request on a kept connection is executed once more at most) {
  for (const bool idempotent : {true, false}) {
    counting_origin count;
    tcp_server origin{[&](wire& to) {
      ++count.connections;
      for (;;) {
        const auto request = to.read_request();
        if (!request.complete)
          return;
        if (request.head.target == "/fail") {
          ++count.requests;
          return;
        }
        to.send(ok("x"));
      }
    }};
    proxy node{origin.port()};
    auto visitor = node.dial();
    visitor.send(get("/"));
    CAF_CHECK_EQUAL(visitor.read_response().body, "x");
    visitor.send(idempotent ? get("/fail") : post("/fail"));
    CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "origin-closed");
    CAF_CHECK_EQUAL(count.requests, idempotent ? 2 : 1);
  }
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

CAF_TEST(a request that cannot be repeated suffers alone) {
  std::promise<void> asked;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send(ok("x"));
    if (!to.read_request().complete)
      return;
    to.send("what is this?\r\n\r\n");
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "x");
  visitor.send(post("/"));
  CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "origin-protocol");
  CAF_CHECK_EQUAL(origin.accepted(), 1u);
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

// -- upgrades -----------------------------------------------------------------

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
