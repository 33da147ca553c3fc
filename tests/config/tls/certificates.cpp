#define CAF_SUITE config.certificates

#include "tests/support/test.hpp"

#include "tests/config/pretended.hpp"
#include "tests/support/certificates.hpp"

#include "config/tls/certificates.hpp"

using namespace aps::config;
using aps::test::certificate_wish;
using aps::test::made_certificate;
using aps::test::make_certificate;
using aps::test::test_day;

namespace {

/// What becomes of these two files: the names, or the problem.
std::string outcome_of(const std::string& cert, const std::string& key) {
  pretended files;
  files.files = {{"c.pem", cert}, {"k.pem", key}};
  const auto found
    = read_certificate({"c.pem", "k.pem", "$.tls"}, files, seconds_now());
  if (const auto* wrong = std::get_if<problem>(&found))
    return wrong->str();
  std::string out;
  for (const auto& name : std::get<certificate_pair>(found).names)
    out += name + " ";
  return out;
}

std::string outcome_of(const certificate_wish& wish,
                       const std::string& behind = {}) {
  const auto made = make_certificate(wish);
  return outcome_of(made.cert + behind, made.key);
}

/// The same, whatever date it says.
bool says(const std::string& outcome, const std::string& words) {
  CAF_MESSAGE(outcome);
  return outcome.find(words) != outcome.npos;
}

} // namespace

CAF_TEST(a good pair tells its names) {
  CAF_CHECK_EQUAL(
    outcome_of({.names = "DNS:a.example,DNS:*.b.example,IP:127.0.0.1"}),
    "a.example *.b.example 127.0.0.1 ");
}

CAF_TEST(each mistake is named with key and file) {
  const auto good = make_certificate();
  const auto other = make_certificate();
  const auto root = make_certificate({.name = "root", .names = "", .ca = true});
  const auto middle = make_certificate(
    {.name = "middle", .names = "", .issuer = &root, .ca = true});
  const auto locked = aps::test::pem_of(good.pkey.get(), "secret");
  struct row {
    std::string outcome;
    const char* words;
  };
  const row rows[] = {
    {outcome_of("", good.key),
     "$.tls.cert: found c.pem (no certificate in PEM"},
    {outcome_of(good.key, good.key), "c.pem (a key, and no certificate)"},
    {outcome_of(
       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       good.key),
     "c.pem (certificate 1 cannot be read)"},
    {outcome_of(good.cert, ""),
     "$.tls.key: found k.pem (no private key in PEM"},
    {outcome_of(good.cert, good.cert), "k.pem (a certificate, and no key)"},
    {outcome_of(good.cert, locked), "k.pem (a key with a passphrase)"},
    {outcome_of(good.cert, other.key),
     "k.pem (the key of another certificate)"},
    {outcome_of({.until = -test_day / 2}), "c.pem (expired on 20"},
    {outcome_of({.from = test_day}), "c.pem (not valid before 20"},
    {outcome_of({.names = ""}), "c.pem (no name in subjectAltName)"},
    {outcome_of({.issuer = &middle, .knows_issuer = true}),
     "c.pem (the chain is incomplete, \"middle\" is missing)"},
    {outcome_of({.issuer = &middle}, root.cert),
     "c.pem (certificate 2 of the chain did not issue the one before it)"},
    {outcome_of({.issuer = &middle},
                make_certificate({.name = "middle", .ca = true}).cert),
     "certificate 2 of the chain did not issue"},
  };
  for (const auto& [outcome, words] : rows)
    CAF_CHECK(says(outcome, words));
}

CAF_TEST(a chain ends where others know it) {
  const auto root = make_certificate({.name = "root", .names = "", .ca = true});
  const auto middle = make_certificate(
    {.name = "middle", .names = "", .issuer = &root, .ca = true});
  const certificate_wish leaf{.issuer = &middle, .knows_issuer = true};
  CAF_CHECK_EQUAL(outcome_of(leaf, middle.cert), "a.example ");
  CAF_CHECK_EQUAL(outcome_of(leaf, middle.cert + root.cert), "a.example ");
  CAF_CHECK_EQUAL(outcome_of({.issuer = &root}), "a.example ");
  const auto old = make_certificate(
    {.name = "middle", .names = "", .issuer = &root, .ca = true, .until = -1});
  CAF_CHECK(says(outcome_of({.issuer = &old}, old.cert),
                 "certificate 2 of the chain, expired on"));
}

CAF_TEST(the end of a pair is the earliest of its chain) {
  const auto root = make_certificate(
    {.name = "root", .names = "", .ca = true, .until = 10 * test_day});
  const auto leaf = make_certificate({.issuer = &root});
  pretended files;
  files.files = {{"c", leaf.cert + root.cert}, {"k", leaf.key}};
  const auto now = seconds_now();
  const auto found = read_certificate({"c", "k", "$"}, files, now);
  const auto end = std::get<certificate_pair>(found).not_after;
  CAF_CHECK(end - now >= 10 * test_day - 60 && end - now <= 10 * test_day + 60);
}

CAF_TEST(clients need no names) {
  const auto made = make_certificate({.names = ""});
  pretended files;
  files.files = {{"c", made.cert}, {"k", made.key}};
  const auto found = read_certificate({"c", "k", "$"}, files, seconds_now(),
                                      certificate_use::client);
  CAF_CHECK(std::holds_alternative<certificate_pair>(found));
}

CAF_TEST(authorities are read or refused) {
  const auto root = make_certificate({.name = "root", .names = "", .ca = true});
  pretended files;
  files.files = {{"good", root.cert}, {"bad", "text"}};
  CAF_CHECK(std::holds_alternative<std::string>(
    read_authorities("good", files, "$.x")));
  CAF_CHECK_EQUAL(
    std::get<problem>(read_authorities("bad", files, "$.x")).str(),
    "$.x: found bad (no certificate in PEM), allowed certificates in PEM");
  CAF_CHECK_EQUAL(
    std::get<problem>(read_authorities("none", files, "$.x")).str(),
    "$.x: found none (not there), allowed a readable file");
}

CAF_TEST(a star is one label) {
  struct row {
    const char* name;
    const char* host;
    bool is_covered;
  };
  const row rows[] = {
    {"a.example", "a.example", true},    {"a.example", "A.Example.", true},
    {"a.example", "b.a.example", false}, {"*.example", "a.example", true},
    {"*.example", "b.a.example", false}, {"*.example", "example", false},
    {"*.example", ".example", false},    {"*.0.0.1", "127.0.0.1", false},
    {"127.0.0.1", "127.0.0.1", true},
  };
  for (const auto& [name, host, is_covered] : rows) {
    CAF_MESSAGE(name << " " << host);
    CAF_CHECK_EQUAL(covers(name, host), is_covered);
  }
}

CAF_TEST(days are whole ones) {
  const int64_t day = test_day;
  CAF_CHECK_EQUAL(days_left(100 * day, 99 * day), 1);
  CAF_CHECK_EQUAL(days_left(100 * day, 99 * day + 1), 0);
  CAF_CHECK_EQUAL(days_left(100 * day, 100 * day), 0);
  CAF_CHECK_EQUAL(days_left(100 * day, 100 * day + 1), -1);
}

CAF_TEST(files are found beside the configuration) {
  const auto made = make_certificate();
  pretended files;
  files.files = {{"d/node.json", R"({"servers": {"s": {"port": 1,
      "tls": {"cert": "c.pem", "key": "/k.pem"}}}})"},
                 {"d/c.pem", made.cert},
                 {"/k.pem", made.key}};
  CAF_CHECK_EQUAL(lines_of(load("d/node.json", files)), "");
  files.files["/k.pem"] = "";
  CAF_CHECK(says(lines_of(load("d/node.json", files)),
                 "d/node.json: $.servers.s.tls.key: found /k.pem"));
}

CAF_TEST(those that are shown to targets are ones of clients) {
  const auto made = make_certificate();
  const auto mapping = [](const std::string& ca) {
    return R"({"servers": {"s": 1}, "mappings": [{"from": "http://a",
      "to": "https://b", "tls": {"cert": "c.pem", "key": "/k.pem",
      "ca": ")"
           + ca + "\"}}]}";
  };
  pretended files;
  files.files = {{"d/node.json", mapping("c.pem")},
                 {"d/c.pem", made.cert},
                 {"/k.pem", made.key}};
  CAF_CHECK_EQUAL(lines_of(load("d/node.json", files)), "");
  files.files["/k.pem"] = "";
  CAF_CHECK(says(lines_of(load("d/node.json", files)),
                 "d/node.json: $.mappings[0].tls.key: found /k.pem"));
  files.files["/k.pem"] = made.key;
  files.files["d/node.json"] = mapping("x.pem");
  CAF_CHECK(says(lines_of(load("d/node.json", files)),
                 "d/node.json: $.mappings[0].tls.ca: found d/x.pem"));
}

CAF_TEST(those of admin.grpc are looked at like those of servers) {
  const auto made = make_certificate();
  pretended files;
  files.files = {{"d/node.json", R"({"servers": {"s": 1}, "admin": {"grpc": {
      "tls": {"cert": "c.pem", "key": "k.pem", "client_ca": "c.pem"}}}})"},
                 {"d/c.pem", made.cert},
                 {"d/k.pem", made.key}};
  CAF_CHECK_EQUAL(lines_of(load("d/node.json", files)), "");
  files.files["d/k.pem"] = "";
  CAF_CHECK(says(lines_of(load("d/node.json", files)),
                 "d/node.json: $.admin.grpc.tls.key: found d/k.pem"));
  files.files["d/k.pem"] = made.key;
  files.files["d/node.json"] = R"({"servers": {"s": 1}, "admin": {"grpc": {
      "tls": {"cert": "c.pem", "key": "k.pem", "client_ca": "x.pem"}}}})";
  CAF_CHECK(says(lines_of(load("d/node.json", files)),
                 "d/node.json: $.admin.grpc.tls.client_ca: found d/x.pem"));
}
