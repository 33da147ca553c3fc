#define CAF_SUITE config.ocsp

#include "tests/support/test.hpp"

#include "tests/config/pretended.hpp"
#include "tests/support/ocsp.hpp"

#include "config/tls/certificates.hpp"

using namespace aps::config;
using aps::test::made_certificate;
using aps::test::make_certificate;
using aps::test::make_ocsp;
using aps::test::ocsp_wish;
using aps::test::test_day;

namespace {

struct fixture {
  const made_certificate root
    = make_certificate({.name = "root", .names = "", .ca = true});
  const made_certificate leaf = make_certificate({.issuer = &root});
  const made_certificate other = make_certificate({.issuer = &root});
  const made_certificate stranger
    = make_certificate({.name = "root", .names = "", .ca = true});

  ocsp_wish good() const { return {.of = leaf, .issuer = root}; }

  std::variant<ocsp_response, problem>
  read(const std::string& der, const made_certificate* issuer) const {
    pretended files;
    if (!der.empty())
      files.files = {{"c.ocsp", der}};
    return read_ocsp("c.ocsp", files, "$.tls.ocsp", leaf.x509.get(),
                     issuer ? issuer->x509.get() : nullptr, seconds_now());
  }

  /// "" = it is good.
  std::string outcome_of(const std::string& der,
                         const made_certificate* issuer) const {
    const auto found = read(der, issuer);
    const auto* wrong = std::get_if<problem>(&found);
    return wrong ? wrong->str() : "";
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ocsp_tests, fixture)

CAF_TEST(a good response says until when it counts) {
  const auto now = seconds_now();
  const auto found = std::get<ocsp_response>(read(make_ocsp(good()), &root));
  CAF_CHECK(found.until >= now + test_day - 60);
  CAF_CHECK(found.until <= now + test_day + 60);
  CAF_CHECK(!found.over(now));
  CAF_CHECK(found.over(found.until + 1));
  auto endless = good();
  endless.until = 0;
  const auto always = std::get<ocsp_response>(read(make_ocsp(endless), &root));
  CAF_CHECK(!always.over(now + 1000 * test_day));
}

CAF_TEST(one that is over can be read) {
  auto old = good();
  old.from = -9 * test_day;
  old.until = -test_day;
  const auto found = std::get<ocsp_response>(read(make_ocsp(old), &root));
  CAF_CHECK(found.over(seconds_now()));
}

CAF_TEST(each mistake is named with key and file) {
  auto revoked = good();
  revoked.status = V_OCSP_CERTSTATUS_REVOKED;
  auto unknown = good();
  unknown.status = V_OCSP_CERTSTATUS_UNKNOWN;
  auto early = good();
  early.from = test_day;
  early.until = 2 * test_day;
  auto forged = good();
  forged.signer = &stranger;
  auto undelegated = good();
  undelegated.signer = &other; // of the same issuer, but for hosts
  const auto whole = make_ocsp(good());
  struct row {
    std::string der;
    const char* words;
  };
  const row rows[] = {
    {"", "$.tls.ocsp: found c.ocsp (not there), allowed a readable file"},
    {"text", "$.tls.ocsp: found c.ocsp (no OCSP response in DER)"},
    {leaf.cert, "c.ocsp (no OCSP response in DER)"},
    {whole.substr(0, whole.size() - 1), "c.ocsp (no OCSP response in DER)"},
    {whole + "x", "c.ocsp (no OCSP response in DER)"},
    {aps::test::refused_ocsp(OCSP_RESPONSE_STATUS_TRYLATER),
     "c.ocsp (the responder says trylater)"},
    {aps::test::refused_ocsp(OCSP_RESPONSE_STATUS_UNAUTHORIZED),
     "c.ocsp (the responder says unauthorized)"},
    {make_ocsp({.of = other, .issuer = root}),
     "c.ocsp (a response about another certificate)"},
    {make_ocsp({.of = leaf, .issuer = stranger}),
     "c.ocsp (a response about another certificate)"},
    {make_ocsp(revoked), "c.ocsp (cert was revoked on 20"},
    {make_ocsp(unknown), "c.ocsp (its authority does not know cert)"},
    {make_ocsp(early), "c.ocsp (not valid before 20"},
    {make_ocsp(forged), "c.ocsp (not signed by the issuer of cert)"},
    {make_ocsp(undelegated), "c.ocsp (not signed by the issuer of cert)"},
  };
  for (const auto& [der, words] : rows) {
    const auto outcome = outcome_of(der, &root);
    CAF_MESSAGE(outcome);
    CAF_CHECK(outcome.find(words) != outcome.npos);
  }
}

CAF_TEST(without the issuer all but the signature is checked) {
  auto forged = good();
  forged.signer = &stranger;
  CAF_CHECK_EQUAL(outcome_of(make_ocsp(forged), nullptr), "");
  const auto outcome
    = outcome_of(make_ocsp({.of = other, .issuer = root}), nullptr);
  CAF_CHECK(outcome.find("another certificate") != outcome.npos);
}

CAF_TEST(a response belongs to its pair) {
  pretended files;
  files.files = {{"d/node.json", R"({"servers": {"s": {"port": 1, "tls":
                    {"cert": "c", "key": "k", "ocsp": "c.ocsp"}}}})"},
                 {"d/c", leaf.cert + root.cert},
                 {"d/k", leaf.key},
                 {"d/c.ocsp", make_ocsp(good())}};
  CAF_CHECK_EQUAL(lines_of(load("d/node.json", files)), "");
  files.files["d/c.ocsp"] = make_ocsp({.of = other, .issuer = root});
  const auto lines = lines_of(load("d/node.json", files));
  CAF_MESSAGE(lines);
  CAF_CHECK(lines.find("d/node.json: $.servers.s.tls.ocsp: found d/c.ocsp (a "
                       "response about another certificate)")
            != lines.npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
