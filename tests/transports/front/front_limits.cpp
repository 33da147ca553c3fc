#define CAF_SUITE http_front_limits

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

// Milliseconds between two bytes of a peer that drips.
constexpr int drip = 20;

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

/// Sends bytes until nobody takes them; what became of the connection then.
tcp_server::handler pour(std::promise<bool>& ended) {
  return [&](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const std::string piece(10'000, 'x');
    while (to.send(piece))
      ;
    ended.set_value(true);
  };
}

} // namespace

// -- what a visitor sends -----------------------------------------------------

CAF_TEST(a body that drips ends as one that stops) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.body_timeout = 400ms;
  limits.min_receive_rate = 10'000;
  proxy node{origin.port(), limits};
  for (const auto* fields :
       {"Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    auto visitor = node.dial();
    visitor.send(post(fields));
    for (int i = 0; i < 500 && !visitor.readable(drip); ++i)
      visitor.send(*fields == 'C' ? "x" : "1\r\nx\r\n");
    CAF_CHECK_EQUAL(visitor.read_response().head.status, 408u);
    CAF_CHECK(visitor.ends());
  }
  CAF_CHECK_EQUAL(node.to->reached(limit::receive_rate), 2);
}

CAF_TEST(a body is not hurried while its target takes nothing) {
  tcp_server origin{[](wire& to) {
    const auto head = to.read_request_head();
    to.readable(1500); // far beyond the limit; then everything at once
    to.send(ok(std::to_string(to.read_exactly(3'000'000).size())));
  }};
  http_limits limits;
  limits.body_timeout = 400ms;
  limits.min_receive_rate = 1'000'000;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  std::thread sender{[&] {
    visitor.send(
      post("Content-Length: 3000000\r\n", std::string(3'000'000, 'x')));
  }};
  const auto answer = visitor.read_response();
  sender.join();
  CAF_CHECK_EQUAL(answer.head.status, 200u);
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

// -- what a visitor takes -----------------------------------------------------

CAF_TEST(a reader that takes nothing loses its place) {
  std::promise<bool> ended;
  tcp_server origin{pour(ended)};
  http_limits limits;
  limits.write_timeout = 400ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial(4096);
  visitor.send(get("/"));
  CAF_CHECK(ended.get_future().get());
  CAF_CHECK_EQUAL(node.to->reached(limit::send_rate), 1);
}

CAF_TEST(a reader that takes drops loses its place) {
  std::promise<bool> ended;
  tcp_server origin{pour(ended)};
  http_limits limits;
  limits.write_timeout = 400ms;
  limits.min_send_rate = 1'000'000;
  proxy node{origin.port(), limits};
  auto visitor = node.dial(4096);
  visitor.send(get("/"));
  auto over = ended.get_future();
  char byte = 0;
  while (over.wait_for(std::chrono::milliseconds{drip})
         == std::future_status::timeout)
    if (::recv(visitor.fd(), &byte, 1, MSG_DONTWAIT) == 0)
      break;
  CAF_CHECK(over.get());
  CAF_CHECK_EQUAL(node.to->reached(limit::send_rate), 1);
}

CAF_TEST(an upgraded stream that is not read ends as well) {
  std::promise<bool> ended;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
            "Upgrade: chat\r\n\r\n");
    const std::string piece(10'000, 'x');
    while (to.send(piece))
      ;
    ended.set_value(true);
  }};
  http_limits limits;
  limits.write_timeout = 400ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial(4096);
  visitor.send(get("/", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
  CAF_CHECK(ended.get_future().get());
}

CAF_TEST(a slow target is not held against the visitor) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
      to.readable(700); // several times the limit
      to.send("abc");
    }
  }};
  http_limits limits;
  limits.write_timeout = 200ms;
  limits.min_send_rate = 1'000'000;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK_EQUAL(visitor.read_response().body, "abcabcabc");
}

// -- ends ---------------------------------------------------------------------

CAF_TEST(a visitor that ends its direction gets its answers) {
  tcp_server origin{[](wire& to) {
    for (;;) {
      const auto request = to.read_request();
      to.readable(200); // so that the end is seen before the answer
      if (!request.complete || !to.send(ok(request.head.target)))
        return;
    }
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/1") + get("/2") + get("/3"));
  visitor.shut_down_send();
  for (const auto* path : {"/1", "/2", "/3"})
    CAF_CHECK_EQUAL(visitor.read_response().body, path);
  CAF_CHECK(visitor.ends());
  auto old = node.dial();
  old.send("GET /old HTTP/1.0\r\nHost: example.com\r\n\r\n");
  old.shut_down_send();
  CAF_CHECK_EQUAL(old.read_response().body, "/old");
  CAF_CHECK(old.ends());
}

CAF_TEST(a request that ends too early is over at once) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  for (const auto& request :
       {std::string{"GET / HT"}, post("Content-Length: 9\r\n", "ab")}) {
    auto visitor = node.dial();
    visitor.send(request);
    visitor.shut_down_send();
    CAF_CHECK(visitor.ends());
  }
}

CAF_TEST(an answer that came first survives the end of its request) {
  tcp_server origin{echo()};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: unknown.org\r\n"
               "Content-Length: 9\r\n\r\nab");
  visitor.shut_down_send();
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 404u);
  CAF_CHECK(visitor.ends());
}

CAF_TEST(a visitor that ended its direction is waited for a while only) {
  std::promise<bool> origin_saw;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    origin_saw.set_value(to.ends());
  }};
  http_limits limits;
  limits.half_close_timeout = 300ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send(get("/"));
  visitor.close(); // looks the same
  CAF_CHECK(origin_saw.get_future().get());
}

CAF_TEST(a visitor that closed is found out by what is written to it) {
  std::promise<bool> origin_saw;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (to.send("1\r\nx\r\n") && !to.readable(drip))
      ;
    origin_saw.set_value(to.ends());
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  visitor.close();
  CAF_CHECK(origin_saw.get_future().get());
}

// -- answers before the end of the request ------------------------------------

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

CAF_TEST(a visitor that sends all before it reads sees an early answer) {
  tcp_server origin{[](wire& to) {
    to.read_request_head();
    to.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  CAF_CHECK(visitor.send(post("Content-Length: 30000000\r\n")));
  CAF_CHECK(visitor.send(std::string(30'000'000, 'x')));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 413u);
  CAF_CHECK_EQUAL(answer.body, "big");
  CAF_CHECK(visitor.ends());
}

CAF_TEST(what follows an answer is dropped within a limit only) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.max_body_bytes = 10;
  limits.discard_bytes = 1'000'000;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send(post("Content-Length: 3000000000\r\n"));
  const std::string piece(100'000, 'x');
  int sent = 0;
  while (sent < 30'000 && visitor.send(piece))
    ++sent;
  CAF_CHECK_LESS(sent, 30'000);
  CAF_CHECK_EQUAL(node.to->reached(limit::receive_rate), 1);
}

CAF_TEST(a visitor does not stay for ever after its last answer) {
  tcp_server origin{echo()};
  http_limits limits;
  limits.discard_timeout = 300ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send("nonsense\r\n\r\n");
  CAF_CHECK_EQUAL(visitor.read_response().head.status, 400u);
  // The node's end of the connection; then its reset.
  CAF_CHECK(visitor.ends());
  for (int i = 0; i < 500 && visitor.send("x"); ++i)
    visitor.readable(0), std::this_thread::yield();
  pollfd socket{visitor.fd(), 0, 0};
  for (int i = 0; i < 500 && (socket.revents & POLLERR) == 0; ++i) {
    visitor.send("x");
    ::poll(&socket, 1, drip);
  }
  CAF_CHECK((socket.revents & (POLLERR | POLLHUP)) != 0);
}
