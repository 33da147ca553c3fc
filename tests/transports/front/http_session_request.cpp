#define CAF_SUITE http_session_request

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

std::string echo_path(const message& request) {
  return ok(request.head.target + "|" + request.body);
}

tcp_server::handler echo() {
  return keep_answering([](const message& request) {
    return ok(request.body + "|" + request["expect"]);
  });
}

std::string post(const std::string& fields, const std::string& body = {}) {
  return "POST / HTTP/1.1\r\nHost: example.com\r\n" + fields + "\r\n" + body;
}

std::string many_fields(size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i)
    result += "a" + std::to_string(i) + ": b\r\n";
  return result;
}

tcp_server::handler echo_body() {
  return keep_answering([](const message& request) {
    return ok(request.body);
  });
}

} // namespace

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
  CAF_CHECK(node.agent_stream->socket().is_open());
}

CAF_TEST(a few blank lines are forgiven and many are not) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (int i = 0; i < 3; ++i) {
    visitor.send("\r\n\r\n\r\n\r\n" + get("/"));
    CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
  }
  std::string lines;
  for (int i = 0; i < 1000; ++i)
    lines += "\r\n";
  visitor.send(lines);
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 400u);
  CAF_CHECK(visitor.ends());
  CAF_CHECK_EQUAL(node.to->reached(limit::blank_lines), 1);
}

CAF_TEST(what no frame could take is refused whatever is configured) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.max_headers = 10'000;
  limits.max_header_bytes = 16 << 20;
  proxy node{origin.port(), limits};
  const std::string requests[] = {
    get("/", many_fields(1100)),
    get("/", "A: " + std::string(300'000, 'x') + "\r\n"),
    get("/" + std::string(300'000, 'x')),
    post("Transfer-Encoding: chunked\r\n",
         "0\r\n" + many_fields(1100) + "\r\n"),
    // Beast's fields, which an agent's request becomes, throw at these.
    get("/.tunnel", "Connection: Upgrade\r\nUpgrade: websocket\r\nX: "
                      + std::string(66'000, 'x') + "\r\n"),
  };
  for (const auto& request : requests) {
    CAF_MESSAGE(request.substr(0, 60));
    auto visitor = node.dial();
    visitor.send(request);
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.head.status, 431u);
    CAF_CHECK_EQUAL(answer["aps-outcome"], "header-too-large");
  }
  tcp_server lenient{[](wire& to) {
    if (to.readable(10'000))
      to.send(ok("whatever it was"));
  }};
  proxy other{lenient.port(), limits};
  auto visitor = other.dial();
  visitor.send(get("/", many_fields(900)));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
}

CAF_TEST(the target decides whether it wants the body) {
  tcp_server origin{[](wire& to) {
    for (;;) {
      const auto head = to.read_request_head();
      if (!iequals(head["expect"], "100-continue"))
        return;
      if (head.head.target == "/no") {
        to.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      to.send("HTTP/1.1 100 Continue\r\n\r\n");
      to.send(ok(to.read_exactly(3)));
    }
  }};
  http_limits limits;
  limits.continue_timeout = 1h; // never our own
  proxy node{origin.port(), limits};
  const auto put = [](const std::string& path) {
    return "PUT " + path
           + " HTTP/1.1\r\nHost: example.com\r\n"
             "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n";
  };
  auto visitor = node.dial();
  visitor.send(put("/yes"));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 100u);
  visitor.send("abc");
  CAF_CHECK_EQUAL(visitor.read_response().body, "abc");
  visitor.send(put("/no"));
  const auto refused = visitor.read_response();
  CAF_CHECK_EQUAL(refused.head.status, 401u);
  CAF_CHECK(!refused.head.keep_alive);
  CAF_CHECK(visitor.ends());
}

CAF_TEST(expectations are for those who may have them) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  auto old = node.dial();
  old.send("POST / HTTP/1.0\r\nHost: example.com\r\nContent-Length: 3\r\n"
           "Expect: 100-continue\r\n\r\nabc");
  CAF_CHECK_EQUAL(old.read_response().body, "abc|(none)");
  auto visitor = node.dial();
  visitor.send(get("/", "Expect: 100-continue\r\n"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "|(none)");
  visitor.send(get("/", "Expect: 100-continue, magic\r\n"));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 417u);
  CAF_CHECK_EQUAL(answer["aps-outcome"], "expectation-failed");
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
}

CAF_TEST(requests that nobody can take get a clear answer) {
  tcp_server origin{echo_body()};
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
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 404, "no-mapping", true},
    {"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad-request", true},
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

CAF_TEST(bodies over the limit are refused at once or on the way) {
  tcp_server origin{echo_body()};
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
