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
    CAF_CHECK_EQUAL(answer["aps-request-id"].size(), 32u);
    CAF_CHECK_EQUAL(answer["x-request-id"], answer["aps-request-id"]);
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

CAF_TEST(an upgrade may come after a body) {
  const std::string length = "Content-Length: 4\r\n\r\nbody";
  const std::string chunks = "Transfer-Encoding: chunked\r\n\r\n"
                             "1\r\nb\r\n3;x\r\nody\r\n0\r\nT: v\r\n\r\n";
  for (const auto& body : {length, chunks}) {
    tcp_server origin{[&](wire& to) {
      const auto request = to.read_request();
      to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
              "Upgrade: tcp\r\n\r\n"
              + request["upgrade"] + "|" + request.body + "|");
      to.send(to.read_all());
    }};
    proxy node{origin.port()};
    auto visitor = node.dial();
    visitor.send("POST /exec HTTP/1.1\r\nHost: example.com\r\n"
                 "Connection: Upgrade\r\nUpgrade: SPDY/3.1, tcp\r\n"
                 + body);
    const auto head = visitor.read_response();
    CAF_CHECK_EQUAL(head.head.status, 101u);
    CAF_CHECK_EQUAL(head["upgrade"], "tcp");
    CAF_CHECK_EQUAL(visitor.read_exactly(18), "SPDY/3.1, tcp|body");
    visitor.send("late");
    visitor.shut_down_send();
    CAF_CHECK_EQUAL(visitor.read_all(), "|late");
  }
}

CAF_TEST(a body that comes after the 101 is still the body) {
  tcp_server origin{[&](wire& to) {
    to.read_request_head();
    to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
            "Upgrade: tcp\r\n\r\n");
    to.send(to.read_all());
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("POST /exec HTTP/1.1\r\nHost: example.com\r\n"
               "Connection: Upgrade\r\nUpgrade: tcp\r\n"
               "Content-Length: 4\r\n\r\nbo");
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 101u);
  visitor.send("dy+late");
  visitor.shut_down_send();
  CAF_CHECK_EQUAL(visitor.read_all(), "body+late");
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

CAF_TEST(who wants to switch where nothing switches is told so) {
  tcp_server origin{keep_answering(echo_path)};
  listen_options options;
  options.upgrades = false;
  proxy node{std::move(options), origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/u", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "/u|");
  visitor.send(get("/u", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
  CAF_CHECK_EQUAL(visitor.read_response()["aps-outcome"], "not-implemented");
}

CAF_TEST(a request that came back is a loop) {
  listen_options options;
  options.hop = std::make_shared<node_hop>("aps-me");
  std::string came_back;
  tcp_server origin{keep_answering([&](const message& request) {
    came_back = request["via"];
    return "HTTP/1.1 508 Loop Detected\r\nContent-Length: 3\r\n"
           "Aps-Outcome: loop-detected\r\n\r\nfoo";
  })};
  proxy node{options, origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/", "Via: 1.0 x\r\nX-Request-Id: mine\r\n"));
  // A target may say 508 for reasons of its own, and no Aps-Outcome.
  const auto foreign = visitor.read_response();
  CAF_CHECK_EQUAL(foreign.body, "foo");
  CAF_CHECK_EQUAL(foreign["aps-outcome"], "(none)");
  CAF_CHECK_EQUAL(came_back, "1.0 x, 1.1 aps-me");
  visitor.send(get("/", "Via: " + came_back + "\r\nX-Request-Id: mine\r\n"));
  const auto loop = visitor.read_response();
  CAF_CHECK_EQUAL(loop.head.status, 508u);
  CAF_CHECK_EQUAL(loop["aps-outcome"], "loop-detected");
  CAF_CHECK_EQUAL(node.to->reached(limit::loop), 1);
  // The same answer now is known for what it is.
  visitor.send(get("/", "X-Request-Id: mine\r\n"));
  const auto outer = visitor.read_response();
  CAF_CHECK_EQUAL(outer.head.status, 508u);
  CAF_CHECK_EQUAL(outer["aps-outcome"], "loop-detected");
}

CAF_TEST(the last hop answers what goes no further) {
  listen_options options;
  options.hop = std::make_shared<node_hop>("aps-me");
  tcp_server origin{keep_answering([&](const message& request) {
    return ok(request["max-forwards"] + " " + request.head.target);
  })};
  proxy node{options, origin.port()};
  auto visitor = node.dial();
  const auto ask = [&](const std::string& line, const std::string& fields) {
    visitor.send(line + " HTTP/1.1\r\nHost: example.com\r\n" + fields
                 + "\r\n");
    return visitor.read_response();
  };
  CAF_CHECK_EQUAL(ask("OPTIONS /x", "Max-Forwards: 3\r\n").body, "2 /x");
  CAF_CHECK_EQUAL(ask("OPTIONS http://example.com", "").body, "(none) *");
  CAF_CHECK_EQUAL(ask("GET /x", "Max-Forwards: 0\r\n").body, "0 /x");
  const auto here = ask("OPTIONS /x", "Max-Forwards: 0\r\n");
  CAF_CHECK_EQUAL(here.head.status, 200u);
  CAF_CHECK_EQUAL(here.body, "");
  CAF_CHECK_NOT_EQUAL(here["allow"], "(none)");
  const auto trace = ask("TRACE /x", "Max-Forwards: 0\r\nCookie: c\r\n");
  CAF_CHECK_EQUAL(trace.body, "TRACE /x HTTP/1.1\r\nHost: example.com\r\n"
                              "Max-Forwards: 0\r\n\r\n");
  CAF_CHECK_EQUAL(trace["content-type"], "message/http");
  CAF_CHECK_EQUAL(ask("TRACE /", "Max-Forwards: x\r\n").head.status, 400u);
  CAF_CHECK_EQUAL(ask("TRACE /", "Max-Forwards: 1\r\n").body, "0 /");
}

CAF_TEST(who a trusted proxy names is the visitor) {
  tcp_server origin{keep_answering([](const message& request) {
    return ok(request["x-forwarded-for"] + "|" + request["x-forwarded-proto"]
              + "|" + request["x-real-ip"]);
  })};
  const std::string fields = "X-Forwarded-For: 6.6.6.6, 192.0.2.9\r\n"
                             "X-Forwarded-Proto: https\r\n"
                             "X-Real-IP: 192.0.2.9\r\n";
  proxy strange{origin.port()};
  auto stranger = strange.dial();
  stranger.send(get("/", fields));
  CAF_CHECK_EQUAL(stranger.read_response().body, "127.0.0.1|http|(none)");
  CAF_CHECK_EQUAL(strange.to->last_visitor(), "127.0.0.1");
  listen_options options;
  options.trusted_proxies = {"127.0.0.0/8"};
  proxy known{options, origin.port()};
  auto front = known.dial();
  front.send(get("/", fields));
  CAF_CHECK_EQUAL(front.read_response().body,
                  "6.6.6.6, 192.0.2.9, 127.0.0.1|https|192.0.2.9");
  CAF_CHECK_EQUAL(known.to->last_visitor(), "192.0.2.9");
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
