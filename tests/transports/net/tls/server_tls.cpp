#define CAF_SUITE server_tls

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include "config/tls/certificates.hpp"

#include <openssl/ssl.h>

#include <stdexcept>

using namespace aps;
using namespace aps::test;

namespace {

struct fixture : tls_fixture {
  /// The name of the certificate that a client gets that asks for `host`.
  std::string shown_for(const tls_material& material, const std::string& host) {
    auto options = careless();
    options.server_name = host;
    static_cast<void>(meet(material, options, "127.0.0.1"));
    std::string out;
    on(unit, [&] {
      auto* certificate
        = SSL_get1_peer_certificate(mine->stream->tls().native_handle());
      char name[64] = "";
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                NID_commonName, name, sizeof name);
      X509_free(certificate);
      out = name;
    });
    return out;
  }

  tls_pair named(const std::string& name) {
    return pair_of(make_certificate({.name = name, .issuer = &root}), {name});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_tls_tests, fixture)

CAF_TEST(the name that is asked for picks the certificate) {
  const auto material = material_of(
    {named("first.example"), named("*.example"), named("a.example")});
  const std::pair<const char*, const char*> rows[]
    = {{"a.example", "a.example"},       {"A.EXAMPLE", "a.example"},
       {"b.example", "*.example"},       {"first.example", "first.example"},
       {"c.b.example", "first.example"}, {"other", "first.example"}};
  for (const auto& [asked, shown] : rows)
    CAF_CHECK_EQUAL(shown_for(material, asked), shown);
}

CAF_TEST(who asks for no name gets the first) {
  const auto material
    = material_of({named("first.example"), named("a.example")});
  CAF_CHECK_EQUAL(shown_for(material, "127.0.0.1"), "first.example");
}

CAF_TEST(what is wrong is thrown and changes nothing) {
  CAF_CHECK_THROWS_AS(server_tls{tls_material{}}, std::runtime_error);
  server_tls port{material_of({named("a.example")})};
  const auto before = port.current();
  const auto no_pem = material_of({tls_pair{"no", "pem", {"a"}, "EC"}});
  CAF_CHECK_THROWS_AS(port.renew(no_pem), std::runtime_error);
  auto wrong = named("a.example");
  wrong.key = make_certificate().key;
  CAF_CHECK_THROWS_AS(port.renew(material_of({wrong})), std::runtime_error);
  CAF_CHECK(port.current() == before);
  port.renew(material_of({named("b.example")}));
  CAF_CHECK(port.current() != before);
}

CAF_TEST(a response is for its certificate while it counts) {
  const auto hour = 3600;
  const auto now = config::seconds_now();
  auto fresh = named("a.example");
  fresh.ocsp = "of a";
  fresh.ocsp_until = now + hour;
  auto old = named("b.example");
  old.ocsp = "of b";
  old.ocsp_until = now - hour;
  auto always = named("c.example");
  always.ocsp = "of c";
  const tls_contexts all{material_of({fresh, old, always, named("d.example")}),
                         std::make_shared<ticket_keys>()};
  const auto staple = [&](const char* name) {
    const auto* found
      = all.staple_of(SSL_CTX_get0_certificate(all.find(name).native_handle()));
    return found ? *found : "";
  };
  CAF_CHECK_EQUAL(staple("a.example"), "of a");
  CAF_CHECK_EQUAL(staple("b.example"), "");
  CAF_CHECK_EQUAL(staple("c.example"), "of c");
  CAF_CHECK_EQUAL(staple("d.example"), "");
  CAF_CHECK(!all.staple_of(nullptr));
}

CAF_TEST(protocols are listed as the wire has them) {
  CAF_CHECK_EQUAL(listed_protocols({}), "");
  CAF_CHECK_EQUAL(listed_protocols({"h2", "postgresql"}),
                  "\x02h2\x0apostgresql");
}

CAF_TEST_FIXTURE_SCOPE_END()
