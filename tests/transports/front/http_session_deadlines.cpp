#define CAF_SUITE http_session_deadlines

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

tcp_server::handler echo_body() {
  return keep_answering([](const message& request) {
    return ok(request.body);
  });
}

/// Never answers; waits for the end of the connection.
void silent(wire& to) {
  to.ends();
}

} // namespace

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
  tcp_server origin{echo_body()};
  http_limits limits;
  limits.idle_timeout = 200ms;
  proxy node{origin.port(), limits};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(visitor.read_response().complete);
  CAF_CHECK_EQUAL(visitor.read_all(), "");
}
