#define CAF_SUITE http_session

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
