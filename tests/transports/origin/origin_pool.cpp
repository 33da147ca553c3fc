#define CAF_SUITE origin_pool

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

#include "transports/origin/origin_pool.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// The outcome word and status that a GET through `node` gets.
std::pair<unsigned, std::string> try_get(proxy& node,
                                         const std::string& request
                                         = get("/")) {
  auto visitor = node.dial();
  visitor.send(request);
  const auto answer = visitor.read_response();
  return {answer.head.status, answer["aps-outcome"]};
}

/// Answers with the number of the connection that a request came on, and once
/// with a challenge.
struct numbering_origin {
  explicit numbering_origin(std::string challenge = {})
      : server([this, challenge = std::move(challenge)](wire& to) {
          const auto number = std::to_string(++connections);
          for (;;) {
            const auto request = to.read_request();
            if (!request.complete)
              return;
            to.send(ok(number, request.head.target == "/first" ? challenge
                                                               : ""));
          }
        }) {}

  std::atomic<int> connections{0};
  tcp_server server;
};

std::string ask(wire& visitor, const std::string& path,
                const std::string& fields = {}) {
  visitor.send(get(path, fields));
  return visitor.read_response().body;
}

} // namespace

CAF_TEST(idle connections are closed in time) {
  std::promise<bool> closed;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    to.send(ok("x"));
    closed.set_value(to.ends());
  }};
  origin_options options;
  options.idle_timeout = 200ms;
  proxy node{origin.port(), {}, options};
  CAF_CHECK_EQUAL(try_get(node).first, 200u);
  CAF_CHECK(closed.get_future().get());
}

CAF_TEST(a connection that the origin will close is not kept) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send(ok("x", "Connection: close\r\n"));
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  for (size_t i = 1; i <= 3; ++i) {
    visitor.send(get("/"));
    const auto answer = visitor.read_response();
    CAF_CHECK_EQUAL(answer.body, "x");
    CAF_CHECK(answer.head.keep_alive);
    CAF_CHECK_EQUAL(origin.accepted(), i);
  }
}

CAF_TEST(a connection that authenticated its visitor serves no other) {
  for (const auto* field :
       {"Authorization: NTLM TlRMTVNTUAAB\r\n",
        "Authorization: Negotiate YIIJ\r\n", "authorization: ntlm x\r\n",
        "Authorization: Kerberos x\r\n"}) {
    numbering_origin origin;
    proxy node{origin.server.port()};
    auto first = node.dial();
    const auto mine = ask(first, "/first", field);
    auto second = node.dial();
    CAF_CHECK(ask(second, "/") != mine);
    CAF_CHECK(ask(second, "/") != mine);
  }
}

CAF_TEST(a connection that offered such a scheme serves no other) {
  for (const auto* field :
       {"WWW-Authenticate: NTLM\r\n", "WWW-Authenticate: Negotiate abc\r\n",
        "WWW-Authenticate: Basic realm=\"x\", NTLM\r\n",
        "WWW-Authenticate : Basic\r\nWWW-Authenticate: negotiate\r\n",
        "Proxy-Authenticate: NTLM\r\n"}) {
    numbering_origin origin{field};
    proxy node{origin.server.port()};
    auto first = node.dial();
    const auto mine = ask(first, "/first");
    auto second = node.dial();
    CAF_CHECK(ask(second, "/") != mine);
  }
}

CAF_TEST(a visitor stays on the connection that it authenticated) {
  numbering_origin origin{"WWW-Authenticate: NTLM\r\n"};
  proxy node{origin.server.port()};
  auto first = node.dial();
  auto second = node.dial();
  const auto mine = ask(first, "/first");
  const auto other = ask(second, "/first");
  CAF_CHECK(other != mine);
  for (int i = 0; i < 3; ++i) {
    CAF_CHECK_EQUAL(ask(first, "/", "Authorization: NTLM x\r\n"), mine);
    CAF_CHECK_EQUAL(ask(second, "/"), other);
  }
}

CAF_TEST(other schemes keep their connection in use) {
  for (const auto* field :
       {"WWW-Authenticate: Basic realm=\"NTLM\"\r\n",
        "WWW-Authenticate: Digest realm=\"x\", nonce=\"Negotiate\"\r\n",
        "WWW-Authenticate: Bearer\r\n"}) {
    numbering_origin origin{field};
    proxy node{origin.server.port()};
    auto first = node.dial();
    const auto mine = ask(first, "/first", "Authorization: Basic abc\r\n");
    auto second = node.dial();
    CAF_CHECK_EQUAL(ask(second, "/"), mine);
  }
}

CAF_TEST(an origin is its scheme and authority) {
  request_head head;
  head.scheme = "https";
  head.authority = "a:1";
  CAF_CHECK_EQUAL(origin_key(head), "https://a:1");
  head.server_name = "b";
  CAF_CHECK_EQUAL(origin_key(head), "https://a:1 as b");
  head.origin_tls = 3;
  CAF_CHECK_EQUAL(origin_key(head), "https://a:1 as b with 3");
  CAF_CHECK_EQUAL(visitor_key("https://a:1", 7), "https://a:1 of 7");
}

CAF_TEST(the connection used last is used first) {
  std::atomic<int> connections{0};
  std::promise<void> second;
  std::promise<void> go_on;
  tcp_server origin{[&](wire& to) {
    const auto number = std::to_string(++connections);
    if (number == "2")
      second.set_value();
    for (;;) {
      const auto request = to.read_request();
      if (!request.complete)
        return;
      if (request.head.target == "/held")
        go_on.get_future().wait();
      to.send(ok(number));
    }
  }};
  proxy node{origin.port()};
  const auto ask = [](wire& visitor, const std::string& path) {
    visitor.send(get(path));
    return visitor.read_response().body;
  };
  auto one = node.dial();
  auto two = node.dial();
  std::thread held{[&] { CAF_CHECK_EQUAL(ask(one, "/held"), "1"); }};
  while (connections == 0) {
  }
  CAF_CHECK_EQUAL(ask(two, "/"), "2");
  go_on.set_value();
  held.join();
  CAF_CHECK_EQUAL(ask(two, "/"), "1");
  CAF_CHECK_EQUAL(connections.load(), 2);
}

CAF_TEST(no more connections are kept than was said) {
  std::atomic<int> closed{0};
  std::atomic<int> asked{0};
  tcp_server origin{[&](wire& to) {
    const auto request = to.read_request();
    ++asked;
    while (asked < 3) {
    }
    to.send(ok(""));
    to.read_request();
    ++closed;
  }};
  origin_options options;
  options.max_idle_per_origin = 1;
  proxy node{origin.port(), {}, options};
  std::vector<wire> visitors;
  for (int i = 0; i < 3; ++i) {
    visitors.push_back(node.dial());
    visitors.back().send(get("/"));
  }
  for (auto& visitor : visitors)
    CAF_CHECK_EQUAL(visitor.read_response().head.status, 200u);
  while (closed < 2) {
  }
  node.run([] {});
  CAF_CHECK_EQUAL(closed.load(), 2);
}
