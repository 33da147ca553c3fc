#define CAF_SUITE http_front_errors

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

tcp_server::handler echo() {
  return keep_answering([](const message& request) {
    return ok(request.body);
  });
}

/// Never answers; waits for the end of the connection.
void silent(wire& to) {
  to.ends();
}

} // namespace

CAF_TEST(requests that nobody can take get a clear answer) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  struct row {
    std::string request;
    unsigned status;
    std::string outcome;
    bool closes;
  };
  const row table[] = {
    {"GET / HTTP/1.1\r\nHost: unknown.org\r\n\r\n", 404, "no-mapping", false},
    {"GET / HTTP/1.1\r\n\r\n", 400, "bad-request", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad-request", true},
    {"nonsense\r\n\r\n", 400, "bad-request", true},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "not-implemented",
     false},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 501, "not-implemented", false},
    {"GET foo HTTP/1.1\r\nHost: example.com\r\n\r\n", 400, "bad-request",
     false},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
     "not-implemented", true},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
     "Content-Length: 1\r\n\r\n",
     400, "bad-request", true},
    {get("/", "A: " + std::string(70'000, 'x') + "\r\n"), 431,
     "header-too-large", true},
  };
  for (const auto& [request, status, outcome, closes] : table) {
    CAF_MESSAGE(request.substr(0, 60));
    auto visitor = node.dial();
    visitor.send(request);
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.head.status, status);
    CAF_CHECK_EQUAL(answer["aps-outcome"], outcome);
    CAF_CHECK_NOT_EQUAL(answer["x-request-id"], "(none)");
    CAF_CHECK_EQUAL(answer.head.keep_alive, !closes);
    if (closes) {
      CAF_CHECK(visitor.ends());
    } else {
      visitor.send(get("/"));
      CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
    }
  }
}

CAF_TEST(an exchange that fails before its head gets an error) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  node.to->fail_with = outcome::no_endpoint;
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n"
               "Accept: application/json\r\n\r\n");
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 503u);
  CAF_CHECK_EQUAL(answer["retry-after"], "1");
  CAF_CHECK_EQUAL(answer["content-type"], "application/json");
  // The rest of the body is dropped and the connection goes on.
  node.to->fail_with = outcome::ok;
  visitor.send("abc" + get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
}

CAF_TEST(a body that nobody will read ends the connection) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  node.to->fail_with = outcome::no_endpoint;
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\n"
               "Content-Length: 10000000\r\n\r\n");
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 503u);
  CAF_CHECK(!answer.head.keep_alive);
  CAF_CHECK(visitor.ends());
}

CAF_TEST(an answer that is cut looks cut) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n");
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 200u);
  CAF_CHECK(!answer.complete);
}

CAF_TEST(bodies over the limit are refused at once or on the way) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.max_body_bytes = 10;
  proxy node{origin.port(), limits};
  for (const auto* body :
       {"Content-Length: 11\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\nabc\r\n"}) {
    auto visitor = node.dial();
    visitor.send(std::string{"POST / HTTP/1.1\r\nHost: example.com\r\n"}
                 + body);
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.head.status, 413u);
    CAF_CHECK_EQUAL(answer["aps-outcome"], "body-too-large");
    CAF_CHECK(visitor.ends());
  }
}

CAF_TEST(every deadline has its answer) {
  tcp_server origin{silent};
  http_limits limits;
  limits.header_timeout = 200ms;
  limits.body_timeout = 200ms;
  limits.first_byte_timeout = 200ms;
  proxy node{origin.port(), limits};
  const std::pair<std::string, unsigned> table[] = {
    {"", 408},
    {"GET / HTTP/1.1\r\nHost:", 408},
    {"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 9\r\n\r\nab",
     408},
    {get("/"), 504},
  };
  for (const auto& [request, status] : table) {
    auto visitor = node.dial();
    visitor.send(request);
    CAF_CHECK_EQUAL(visitor.read_response().head.status, status);
  }
}

CAF_TEST(an idle connection is closed without a word) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.idle_timeout = 200ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(visitor.read_response().complete);
  CAF_CHECK_EQUAL(visitor.read_all(), "");
}

CAF_TEST(draining ends keep alive) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  auto busy = node.dial();
  auto idle = node.dial();
  idle.send(get("/"));
  CAF_CHECK(idle.read_response().head.keep_alive);
  CAF_CHECK_EQUAL(node.context->sessions(), 2u);
  node.context->drain();
  CAF_CHECK(idle.ends());
  busy.send(get("/"));
  const auto answer = busy.read_response();
  CAF_CHECK(answer.complete);
  CAF_CHECK(!answer.head.keep_alive);
  CAF_CHECK(busy.ends());
}

CAF_TEST(all sessions can be closed at once) {
  std::promise<void> started;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    started.set_value();
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  started.get_future().wait();
  node.context->close_all();
  CAF_CHECK(visitor.ends());
  auto late = node.dial();
  CAF_CHECK(late.ends());
}
