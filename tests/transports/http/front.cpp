#define CAF_SUITE http_front

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

std::string echo_path(const message& request) {
  return ok(request.head.target + "|" + request.body);
}

std::string repeat(size_t size) {
  std::string result;
  result.reserve(size + 16);
  for (size_t i = 0; result.size() < size; ++i)
    result += std::to_string(i) + " ";
  result.resize(size);
  return result;
}

} // namespace

CAF_TEST(requests share a connection at both ends) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (int i = 0; i < 5; ++i) {
    visitor.send(get("/" + std::to_string(i)));
    const auto answer = visitor.read_response();
    CAF_REQUIRE(answer.complete);
    CAF_CHECK_EQUAL(answer.head.status, 200u);
    CAF_CHECK_EQUAL(answer.body, "/" + std::to_string(i) + "|");
    CAF_CHECK_EQUAL(answer["via"], "1.1 aps");
    CAF_CHECK_EQUAL(answer["x-request-id"].size(), 32u);
  }
  CAF_CHECK_EQUAL(origin.accepted(), 1u);
}

CAF_TEST(pipelined requests are answered in order) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 == 0
             ? get("/" + std::to_string(i))
             : "POST /" + std::to_string(i)
                 + " HTTP/1.1\r\nHost: example.com\r\n"
                   "Content-Length: 4\r\n\r\nbody";
  visitor.send(all);
  for (int i = 0; i < 50; ++i)
    CAF_REQUIRE_EQUAL(visitor.read_response().body,
                      "/" + std::to_string(i) + "|"
                        + (i % 2 == 0 ? "" : "body"));
}

CAF_TEST(absolute form is understood) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("GET http://example.com/x HTTP/1.1\r\nHost: other\r\n\r\n");
  CAF_CHECK_EQUAL(visitor.read_response().body, "/x|");
}

CAF_TEST(the origin sees a forwarded request) {
  tcp_server origin{keep_answering([](const message& request) {
    return ok(request["host"] + " " + request["x-forwarded-for"] + " "
              + request["x-forwarded-host"] + " " + request["connection"]);
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/", "Connection: keep-alive\r\nX-Request-Id: mine\r\n"));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.body, "127.0.0.1:" + std::to_string(origin.port())
                                 + " 127.0.0.1 example.com (none)");
  CAF_CHECK_EQUAL(answer["x-request-id"], "mine");
}

CAF_TEST(trailers that speak of framing cut the answer) {
  tcp_server origin{keep_answering([](const message&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "1\r\nx\r\n0\r\nContent-Length: 1\r\n\r\n";
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(!visitor.read_response().complete);
}

CAF_TEST(chunked bodies pass both ways with trailers) {
  tcp_server origin{keep_answering([](const message& request) {
    const auto* trailer = find_header(request.trailers, "Sum");
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "4\r\n[" + request.body + "\r\n1\r\n]\r\n0\r\n"
           "Got: " + (trailer ? trailer->value : "none")
           + "\r\nHost: forged\r\n\r\n";
  })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\n"
               "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n"
               "Sum: 7\r\nHost: forged\r\n\r\n");
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.body, "[abc]");
  CAF_REQUIRE_EQUAL(answer.trailers.size(), 1u);
  CAF_CHECK_EQUAL(answer.trailers[0], (header{"Got", "7"}));
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

CAF_TEST(large bodies pass whole in both directions) {
  const auto big = repeat(5'000'000);
  tcp_server origin{keep_answering(
    [](const message& request) { return ok(request.body); })};
  proxy node{origin.port()};
  auto visitor = node.dial();
  std::thread sender{[&] {
    visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: "
                 + std::to_string(big.size()) + "\r\n\r\n" + big);
  }};
  const auto answer = visitor.read_response();
  sender.join();
  CAF_CHECK(answer.complete);
  CAF_CHECK(answer.body == big);
}

CAF_TEST(a slow reader holds up the origin) {
  std::atomic<size_t> sent{0};
  std::atomic<bool> blocked{false};
  constexpr size_t total = 64'000'000;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total)
            + "\r\n\r\n");
    const std::string piece(100'000, 'x');
    for (; sent < total; sent += piece.size()) {
      pollfd writable{to.fd(), POLLOUT, 0};
      if (::poll(&writable, 1, 500) == 0)
        blocked = true;
      if (!to.send(piece))
        return;
    }
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(visitor.read_some());
  // The reader waits for nothing but the sender's coming to a stop.
  for (int i = 0; i < 1000 && !blocked; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  CAF_CHECK(blocked);
  CAF_CHECK(sent < total / 2);
  const auto answer = visitor.read_response();
  CAF_CHECK(answer.complete);
  CAF_CHECK_EQUAL(answer.body.size(), total);
}

CAF_TEST(a visitor that leaves stops the work at the origin) {
  std::promise<bool> origin_saw;
  std::promise<void> started;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    started.set_value();
    origin_saw.set_value(to.ends());
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  started.get_future().wait();
  visitor.reset();
  CAF_CHECK(origin_saw.get_future().get());
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

CAF_TEST(an upgrade that the origin declines is an ordinary answer) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (int i = 0; i < 2; ++i) {
    visitor.send(get("/u", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
    CAF_CHECK_EQUAL(visitor.read_response().body, "/u|");
  }
}

CAF_TEST(the connection of an agent is handed over with what it sent) {
  tcp_server origin{keep_answering(echo_path)};
  proxy node{origin.port()};
  auto agent = node.dial();
  agent.send("GET /.tunnel?x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
             "Upgrade: websocket\r\n\r\nrest");
  const auto what = node.agent.get_future().get();
  CAF_CHECK_EQUAL(what.target, "/.tunnel?x");
  CAF_CHECK_EQUAL(what.rest, "rest");
  CAF_CHECK_EQUAL(what.headers.size(), 3u);
  CAF_CHECK(node.agent_socket->is_open());
}
