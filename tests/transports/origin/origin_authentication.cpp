#define CAF_SUITE http_origin_authentication

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

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
