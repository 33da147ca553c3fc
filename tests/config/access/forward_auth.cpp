#define CAF_SUITE config.forward_auth

#include "tests/support/test.hpp"

#include "config/access/field_names.hpp"
#include "config/access/forward_auth.hpp"

using namespace aps::config;

namespace {

std::string in_mapping(const std::string& rule) {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}},
    "mappings": [{"from": "http://a", "to": "http://b",
                  "forward_auth": )"
         + rule + "}]}";
}

std::string wrong(const std::string& rule) {
  const auto read = parse(in_mapping(rule));
  const auto* found = std::get_if<problems>(&read);
  return found ? found->front().str() : "";
}

} // namespace

CAF_TEST(addresses may have a query) {
  std::string error;
  const auto plain = parse_login_address("http://login.test", error);
  CAF_REQUIRE(plain);
  CAF_CHECK_EQUAL(plain->target, "/");
  const auto full
    = parse_login_address("h2c://[::1]:4180/auth/?rd=http://x/&a=b", error);
  CAF_REQUIRE(full);
  CAF_CHECK_EQUAL(full->url.authority(), "[::1]:4180");
  CAF_CHECK_EQUAL(full->target, "/auth/?rd=http://x/&a=b");
  CAF_CHECK(full->url.h2c);
  for (const auto* text :
       {"", "login.test", "ftp://a", "http://", "http://u:p@a/",
        "http://a/?b c", "http://a/?b\"", "http://a/#b", "http://a/?b#c",
        "http://a:0/", "http://a/?\x7f", "http://a/?\xc3\xa4"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!parse_login_address(text, error));
    CAF_CHECK(!error.empty());
  }
}

CAF_TEST(a rule is read with its defaults) {
  const auto read = parse(in_mapping(R"({"url": "http://l/auth"})"));
  CAF_REQUIRE(std::holds_alternative<node>(read));
  const auto& rule = std::get<node>(read).mappings[0].access.forward_auth;
  CAF_REQUIRE(rule);
  CAF_CHECK_EQUAL(rule->url, "http://l/auth");
  CAF_CHECK_EQUAL(rule->timeout.count(), 5);
  CAF_CHECK_EQUAL(rule->cache_time.count(), 0);
  CAF_CHECK(rule->tunnels.empty());
  CAF_CHECK(rule->request_headers.empty());
  CAF_CHECK_EQUAL(rule->copy_headers.front(), "Remote-User");
}

CAF_TEST(what is wrong is named) {
  const std::pair<const char*, const char*> rows[] = {
    {"{}", "$.mappings[0].forward_auth.url: found nothing"},
    {R"({"url": 7})", "$.mappings[0].forward_auth.url: found the number 7"},
    {R"({"url": "x"})", "(no scheme)"},
    {R"({"url": "http://a:b@c/"})", "found a string (a user or password)"},
    {R"({"url": "http://l", "via": {}})", "forward_auth.via.tunnels: found"},
    {R"({"url": "http://l", "via": {"tunnels": "u"}})", "found \"u\""},
    {R"({"url": "http://l", "via": {"tunnels": "t", "balance": "random"}})",
     "forward_auth.via.balance"},
    {R"({"url": "http://l", "copy_headers": ["Host"]})",
     "forward_auth.copy_headers[0]: found the string \"Host\""},
    {R"({"url": "http://l", "copy_headers": ["X-A", "X_B"]})",
     "forward_auth.copy_headers[1]"},
    {R"({"url": "http://l", "copy_headers": ["Cookie"]})",
     "forward_auth.copy_headers[0]"},
    {R"({"url": "http://l", "copy_headers": ["X-Forwarded-For"]})",
     "forward_auth.copy_headers[0]"},
    {R"({"url": "http://l", "copy_headers": "X-A"})",
     "forward_auth.copy_headers"},
    {R"({"url": "http://l", "request_headers": [""]})",
     "forward_auth.request_headers[0]"},
    {R"({"url": "http://l", "timeout": 0})", "forward_auth.timeout"},
    {R"({"url": "http://l", "cache_time": 3601})", "forward_auth.cache_time"},
    {R"({"url": "http://l", "cache": 1})", "forward_auth.cache"},
  };
  for (const auto& [rule, text] : rows) {
    const auto told = wrong(rule);
    CAF_MESSAGE(rule << " -> " << told);
    CAF_CHECK_NOT_EQUAL(told.find(text), std::string::npos);
  }
  CAF_CHECK_EQUAL(
    wrong(R"({"url": "http://l", "copy_headers": ["Authorization"]})"), "");
  CAF_CHECK_EQUAL(wrong("{\"url\": \"http://l\", \"copy_headers\": []}"), "");
  CAF_CHECK_EQUAL(wrong("{\"url\": \"http://a:b@c/\"}").find("a:b"),
                  std::string::npos);
}

CAF_TEST(servers ask no login service) {
  const auto read = parse(
    R"({"servers": {"s": {"port": 1, "forward_auth": {"url": "http://l"}}}})");
  CAF_CHECK(std::holds_alternative<problems>(read));
}
