#define CAF_SUITE tls_session

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

using namespace aps;
using namespace aps::test;

CAF_TEST_FIXTURE_SCOPE(tls_session_tests, tls_fixture)

CAF_TEST(both ends know the same of a session) {
  const auto made = make_certificate({.issuer = &root});
  CAF_REQUIRE_EQUAL(meet(material_of({pair_of(made, {"a.example"})}),
                         trusting(ca.path), "a.example"),
                    "");
  CAF_REQUIRE(is_secure());
  on(unit, [this] {
    const auto theirs = tls_facts_of(*mine->stream);
    const auto ours = tls_facts_of(*server);
    CAF_REQUIRE(ours && theirs);
    CAF_CHECK_EQUAL(ours->version, "TLSv1.3");
    CAF_CHECK_EQUAL(ours->cipher, theirs->cipher);
    CAF_CHECK_EQUAL(ours->server_name, "a.example");
    CAF_CHECK_EQUAL(ours->subject, "");
    CAF_CHECK_EQUAL(ours->binding.size(), 32u);
    CAF_CHECK(ours->binding == theirs->binding);
  });
}

CAF_TEST(no two sessions have one binding) {
  const auto made = make_certificate({.issuer = &root});
  const auto material = material_of({pair_of(made, {"a.example"})});
  std::string first;
  for (int i = 0; i < 2; ++i) {
    CAF_REQUIRE_EQUAL(meet(material, trusting(ca.path), "a.example"), "");
    std::string binding;
    on(unit, [&] { binding = tls_facts_of(*mine->stream)->binding; });
    CAF_CHECK(binding != first);
    first = binding;
  }
}

CAF_TEST(a client is known by the names of its certificate) {
  const auto made = make_certificate({.issuer = &root});
  const auto agent = make_certificate(
    {.name = "agent-1", .names = "DNS:b.example", .issuer = &root});
  const text_file cert{"agent.pem", agent.cert};
  const text_file key{"agent.key", agent.key};
  auto options = trusting(ca.path);
  options.cert_file = cert.path;
  options.key_file = key.path;
  CAF_REQUIRE_EQUAL(meet(material_of({pair_of(made, {"a.example"})}, root.cert),
                         options, "a.example"),
                    "");
  CAF_REQUIRE(is_secure());
  on(unit, [this] {
    const auto facts = tls_facts_of(*server);
    CAF_CHECK_EQUAL(facts->subject, "/CN=agent-1");
    CAF_CHECK(facts->client_names
              == std::vector<std::string>({"b.example", "agent-1"}));
  });
}

CAF_TEST(a common name that does not end where C would end it is none) {
  const auto made = make_certificate({.issuer = &root});
  for (const auto& [name, names] :
       {std::pair{std::string{"app1\0.evil", 10}, size_t{1}},
        std::pair{std::string{"app1\nx"}, size_t{1}},
        std::pair{std::string{"app1"}, size_t{2}}}) {
    const auto agent = make_certificate(
      {.name = name, .names = "DNS:b.example", .issuer = &root});
    const text_file cert{"odd.pem", agent.cert};
    const text_file key{"odd.key", agent.key};
    auto options = trusting(ca.path);
    options.cert_file = cert.path;
    options.key_file = key.path;
    server.reset();
    CAF_REQUIRE_EQUAL(
      meet(material_of({pair_of(made, {"a.example"})}, root.cert), options,
           "a.example"),
      "");
    CAF_REQUIRE(is_secure());
    on(unit, [&, names = names] {
      const auto known = tls_facts_of(*server)->client_names;
      CAF_CHECK_EQUAL(known.size(), names);
      CAF_CHECK_EQUAL(known.front(), "b.example");
    });
  }
}

CAF_TEST(a plain stream has no facts) {
  byte_stream plain{unit.context()};
  CAF_CHECK(!tls_facts_of(plain));
}

CAF_TEST(who only goes away failed at nothing) {
  CAF_CHECK_EQUAL(handshake_failure(boost::asio::error::eof), "");
  CAF_CHECK_EQUAL(handshake_failure(boost::asio::error::connection_reset), "");
  CAF_CHECK_EQUAL(handshake_failure(boost::asio::ssl::error::stream_truncated),
                  "");
}

CAF_TEST(failures have words) {
  const auto of = [](int reason) {
    return handshake_failure(
      {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)),
       boost::asio::error::get_ssl_category()});
  };
  CAF_CHECK_EQUAL(of(SSL_R_NO_SHARED_CIPHER), "no cipher in common");
  CAF_CHECK_EQUAL(of(SSL_R_TLSV1_ALERT_UNKNOWN_CA),
                  "it does not know who issued our certificate");
  CAF_CHECK_EQUAL(of(SSL_R_LENGTH_MISMATCH), "length mismatch");
  CAF_CHECK_EQUAL(handshake_failure(boost::asio::error::timed_out),
                  "Connection timed out");
}

CAF_TEST_FIXTURE_SCOPE_END()
