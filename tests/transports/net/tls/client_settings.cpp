#define CAF_SUITE client_settings

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include <stdexcept>

using namespace aps;
using namespace aps::test;

namespace {

struct fixture : tls_fixture {
  std::string meet_with(const certificate_wish& wish, const std::string& host,
                        client_tls_options options) {
    const auto made = make_certificate(wish);
    return meet(material_of({pair_of(made, {"a.example"})}), std::move(options),
                host);
  }

  bool says(const std::string& outcome, const std::string& words) {
    CAF_MESSAGE(outcome);
    return outcome.find(words) != outcome.npos;
  }

  const std::string other_pin = "sha256/" + std::string(43, 'A') + "=";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_settings_tests, fixture)

CAF_TEST(each certificate that is none is told of) {
  const auto options = trusting(ca.path);
  const auto stranger
    = make_certificate({.name = "stranger", .names = "", .ca = true});
  struct row {
    certificate_wish wish;
    const char* host;
    const char* words;
  };
  const row rows[] = {
    {{.issuer = &root, .until = -test_day / 2}, "a.example", "expired on 20"},
    {{.issuer = &root, .from = test_day}, "a.example", "not valid before 20"},
    {{.issuer = &root}, "b.example", "is for a.example, not for b.example"},
    {{.issuer = &root}, "127.0.0.1", "is for a.example, not for 127.0.0.1"},
    {{.names = "IP:127.0.0.2", .issuer = &root},
     "127.0.0.1",
     "is for 127.0.0.2, not for 127.0.0.1"},
    {{}, "a.example", "is signed by itself"},
    {{.issuer = &stranger},
     "a.example",
     "is of \"stranger\", which is not trusted here"},
  };
  for (const auto& [wish, host, words] : rows)
    CAF_CHECK(says(meet_with(wish, host, options), words));
}

CAF_TEST(a good one is taken) {
  const auto options = trusting(ca.path);
  CAF_CHECK_EQUAL(meet_with({.issuer = &root}, "a.example", options), "");
  CAF_CHECK_EQUAL(
    meet_with({.names = "IP:127.0.0.1", .issuer = &root}, "127.0.0.1", options),
    "");
  CAF_CHECK_EQUAL(
    meet_with({.issuer = &root}, "127.0.0.1", trusting(ca.path, "a.example")),
    "");
}

CAF_TEST(without other authorities those of the system count) {
  CAF_CHECK(says(meet_with({.issuer = &root}, "a.example", {}),
                 "is of \"root\", which is not trusted here"));
}

CAF_TEST(a pin counts beside all else or alone) {
  auto options = trusting(ca.path);
  options.pins = {other_pin};
  CAF_CHECK(says(meet_with({.issuer = &root}, "a.example", options),
                 "its public key is none of those"));
  options.insecure = true;
  CAF_CHECK(says(meet_with({}, "b.example", options),
                 "its public key is none of those"));
  CAF_CHECK_EQUAL(meet_with({}, "b.example", careless()), "");
}

CAF_TEST(only who checks something verifies) {
  CAF_CHECK(client_settings{client_tls_options{}}.verifies());
  CAF_CHECK(!client_settings{careless()}.verifies());
  CAF_CHECK(client_settings{careless({other_pin})}.verifies());
}

CAF_TEST(files that are none are named) {
  CAF_CHECK_THROWS_AS(client_settings{trusting("/nowhere")},
                      std::runtime_error);
  client_tls_options options;
  options.cert_file = options.key_file = "/nowhere";
  CAF_CHECK_THROWS_AS(client_settings{options}, std::runtime_error);
}

CAF_TEST(another protocol alone is refused) {
  const auto made = make_certificate({.issuer = &root});
  const auto material = material_of({pair_of(made, {"a.example"})});
  const auto options = trusting(ca.path);
  CAF_CHECK_EQUAL(meet(material, options, "a.example", "h2"), "");
  CAF_CHECK(says(meet(material, options, "a.example", "smtp"),
                 "it speaks TLS, but not this transport"));
}

CAF_TEST_FIXTURE_SCOPE_END()
