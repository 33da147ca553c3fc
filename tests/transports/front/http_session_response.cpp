#define CAF_SUITE http_session_response

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

std::string echo_path(const message& request) {
  return ok(request.head.target + "|" + request.body);
}

tcp_server::handler echo_body() {
  return keep_answering([](const message& request) {
    return ok(request.body);
  });
}

} // namespace

CAF_TEST(an answer that breaks before any of it went out is an error) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                           "Set-Cookie: a=b\r\n\r\n";
  for (const std::string rest :
       {"1\r\nx\r\n0\r\nContent-Length: 1\r\n\r\n", "x\r\n",
        "5\r\nhello\r\nzz\r\n"}) {
    CAF_MESSAGE(rest);
    tcp_server origin{
      keep_answering([&](const message&) { return head + rest; })};
    proxy node{origin.port()};
    auto visitor = node.dial();
    visitor.send(get("/"));
    const auto answer = visitor.read_response();
    CAF_CHECK(answer.complete);
    CAF_CHECK_EQUAL(answer.head.status, 502u);
    CAF_CHECK_EQUAL(answer["set-cookie"], "(none)");
    CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-protocol");
  }
}

CAF_TEST(interim answers pass to those who know them) {
  tcp_server origin{keep_answering([](const message&) {
    return "HTTP/1.1 100 Continue\r\n\r\n"
           "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
           + ok("done");
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  const auto hint = visitor.read_response();
  CAF_CHECK_EQUAL(hint.head.status, 103u);
  CAF_CHECK_EQUAL(hint["link"], "</a>");
  CAF_CHECK_EQUAL(visitor.read_response().body, "done");
  auto old = node.dial();
  old.send("GET / HTTP/1.0\r\nHost: example.com\r\n\r\n");
  CAF_CHECK_EQUAL(old.read_response().body, "done");
}

CAF_TEST(a body that waits for 100 gets it from us when the target is silent) {
  tcp_server origin{keep_answering([](const message& request) {
    return ok(request.body + request["expect"]);
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("PUT / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n"
               "Expect: 100-continue\r\n\r\n");
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 100u);
  visitor.send("abc");
  CAF_CHECK_EQUAL(visitor.read_response().body, "abc100-continue");
}

CAF_TEST(answers without a body keep the connection in step) {
  tcp_server origin{keep_answering([](const message& request) -> std::string {
    if (request.head.method == "HEAD")
      return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    if (request.head.target == "/204")
      return "HTTP/1.1 204 No Content\r\n\r\n";
    return "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n";
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("HEAD / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  CAF_CHECK_EQUAL(visitor.read_response(true)["content-length"], "1000");
  visitor.send(get("/204"));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 204u);
  visitor.send(get("/304"));
  CAF_CHECK_EQUAL(visitor.read_response()["etag"], "\"x\"");
  // Behind a HEAD the connection rests for a moment: a body may follow.
  CAF_CHECK(origin.accepted() <= 2);
}

CAF_TEST(a body that ends with the connection is chunked for the visitor) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\n\r\nuntil close");
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (int i = 0; i < 2; ++i) {
    visitor.send(get("/"));
    const auto answer = visitor.read_response();
    CAF_CHECK(answer.complete);
    CAF_CHECK_EQUAL(answer.body, "until close");
  }
  auto old = node.dial();
  old.send("GET / HTTP/1.0\r\nHost: example.com\r\n\r\n");
  CAF_CHECK_EQUAL(old.read_response().body, "until close");
}

CAF_TEST(an upgraded connection carries bytes both ways) {
  tcp_server origin{[&](wire& to) {
    const auto request = to.read_request();
    to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
            "Upgrade: " + request["upgrade"] + "\r\n\r\nhello ");
    to.send(to.read_all());
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/", "Connection: Upgrade\r\nUpgrade: chat\r\n")
               + "early ");
  const auto head = visitor.read_response();
  CAF_CHECK_EQUAL(head.head.status, 101u);
  CAF_CHECK_EQUAL(head["upgrade"], "chat");
  CAF_CHECK_EQUAL(visitor.read_exactly(6), "hello ");
  visitor.send("late");
  visitor.shut_down_send();
  CAF_CHECK_EQUAL(visitor.read_all(), "early late");
}

CAF_TEST(an upgrade with a body that the origin declines keeps the connection) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (const std::string body :
       {"Content-Length: 4\r\n\r\nbody", "Content-Length: 0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"}) {
    visitor.send("POST /u HTTP/1.1\r\nHost: example.com\r\n"
                 "Connection: Upgrade\r\nUpgrade: tcp\r\n"
                 + body);
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.body,
                    body.find("body") == body.npos ? "/u|" : "/u|body");
    CAF_CHECK(answer.head.keep_alive);
  }
}

CAF_TEST(an upgrade that the origin declines is an ordinary answer) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (int i = 0; i < 2; ++i) {
    visitor.send(get("/u", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
    CAF_CHECK_EQUAL(visitor.read_response().body, "/u|");
  }
}

CAF_TEST(an exchange that fails before its head gets an error) {
  tcp_server origin{echo_body()};
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
  tcp_server origin{echo_body()};
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
