#define CAF_SUITE origin_request

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

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
