#define CAF_SUITE config.access

#include "tests/support/test.hpp"

#include "config/diff.hpp"
#include "config/show.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

using namespace aps::config;

namespace {

constexpr auto everything = R"({
  "auth": {
    "realm": "Ours", "user_header": "X-User", "pass_authorization": true,
    "users": {
      "alice": {"password": "secret-of-alice", "groups": "dev",
                "certificates": ["alice@example.com"]},
      "bob": {"password_hash":
        "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw"}},
    "tokens": {
      "ci": {"token": "token-of-the-builds", "expires": "2030-01-31"},
      "cd": {"token_hash":
        "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "groups": ["ops", "dev"]}},
    "groups": {"all": ["alice", "ci"], "none": []}},
  "servers": {"web": {"port": 1, "allow": ["10.0.0.0/8"], "deny": ["::1"],
                      "require": {"users": ["alice"], "groups": "all"}}},
  "tunnels": {"t": {"password": "p", "require": {}}},
  "mappings": [
    {"from": "http://a", "to": "http://b", "quota": {
      "requests": 5, "period": 0.5, "burst": 9, "concurrent_requests": 2,
      "max_body_bytes": 7, "per_user": {"requests": 1},
      "per_address": {"max_body_bytes": 3}}},
    {"from": "http://b", "to": "http://b"}]})";

std::string with_auth(const std::string& auth) {
  return with("\"auth\": {" + auth + "}");
}

std::string with_access(const std::string& access) {
  return R"({"auth": {"users": {"alice": {"groups": "dev"}}}, "servers":
             {"main": {"port": 1, )"
         + access + "}}}";
}

} // namespace

CAF_TEST(everything is read) {
  const auto all = good(everything);
  CAF_CHECK_EQUAL(all.auth.realm, "Ours");
  CAF_CHECK_EQUAL(all.auth.user_header, "X-User");
  CAF_CHECK(all.auth.pass_authorization);
  CAF_CHECK_EQUAL(all.auth.users.at("alice").password, "secret-of-alice");
  CAF_CHECK_EQUAL(all.auth.users.at("alice").groups.front(), "dev");
  CAF_CHECK_EQUAL(all.auth.tokens.at("ci").expires_at, 1896048000);
  CAF_CHECK_EQUAL(all.auth.groups.at("all").size(), 2u);
  const auto& web = all.servers.at("web").access;
  CAF_CHECK_EQUAL(web.allow.front(), "10.0.0.0/8");
  CAF_CHECK_EQUAL(web.deny.front(), "::1");
  CAF_CHECK_EQUAL(web.require->groups.front(), "all");
  CAF_CHECK(all.tunnels.at("t").access.require == requirement{});
  const auto& quota = all.mappings[0].access.quota;
  CAF_CHECK_EQUAL(quota.all.requests, 5u);
  CAF_CHECK_EQUAL(quota.all.period.count(), 0.5);
  CAF_CHECK_EQUAL(quota.per_user.requests, 1u);
  CAF_CHECK_EQUAL(quota.per_address.max_body_bytes, 3u);
  CAF_CHECK(all.mappings[1].access == aps::config::access{});
}

CAF_TEST(mistakes are named) {
  check({
    {with_access(R"("require": {"users": "alicia"})"),
     {"$.servers.main.require.users", "\"alicia\"", "one of alice", "alice"}},
    {with_access(R"("require": {"groups": "dav"})"),
     {"$.servers.main.require.groups", "\"dav\"", "one of dev", "dev"}},
    {with(R"("mappings": [{"from": "http://a", "to": "http://b",
       "require": {}}])"),
     {"$.mappings[0].require", "an object",
      "nothing, because `auth` has neither users nor tokens", ""}},
    {with_access(R"("allow": [])"),
     {"$.servers.main.allow", "an empty list",
      "a list of networks; everybody is [\"0.0.0.0/0\", \"::/0\"]", ""}},
    {with_access(R"("deny": ["10.0.0.1/8"])"),
     {"$.servers.main.deny[0]", "the string \"10.0.0.1/8\"",
      "an IP address, or a network such as \"10.0.0.0/8\" or \"fd00::/8\"",
      ""}},
    {with_access(R"("quota": {"per_user": {"request": 1}})"),
     {"$.servers.main.quota.per_user.request", "an unknown key",
      "one of requests, period, burst, concurrent_requests, max_body_bytes",
      "requests"}},
    {with_auth(R"("users": {"a:b": {}})"),
     {"$.auth.users[\"a...\"]", "the name \"a...\"", user_name_rule, ""}},
    {with_auth(R"("users": {"u": {"password": "p", "password_hash":
       "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw"}})"),
     {"$.auth.users.u.password", "both", "either password or password_hash",
      ""}},
    {with_auth(R"("users": {"u": {"password": "secret-\u0000"}})"),
     {"$.auth.users.u.password", "one with a control character",
      "a password without control characters", ""}},
    {with_auth(R"("users": {"u": {"password_hash": "secret-in-plain"}})"),
     {"$.auth.users.u.password_hash", "a string that is none",
      "a hash as `aps hash-password` prints it", ""}},
    {with_auth(R"("tokens": {"t": {}})"),
     {"$.auth.tokens.t.token", "nothing", "either token or token_hash", ""}},
    {with_auth(R"("tokens": {"t": {"token": "0123456789abcdef",
       "expires": "2027-02-29"}})"),
     {"$.auth.tokens.t.expires", "the string \"2027-02-29\"",
      "a time such as \"2027-01-31\" or \"2027-01-31T12:00:00Z\"", ""}},
    {with_auth(R"("users": {"x": {}}, "tokens": {"x": {"token":
       "0123456789abcdef"}})"),
     {"$.auth.tokens.x", "the name of a user, too", "a name of its own", ""}},
    {with_auth(R"("users": {"x": {"certificates": "c"},
       "y": {"certificates": "c"}})"),
     {"$.auth.users.y.certificates", "\"c\", which is of \"x\"",
      "each certificate's name once", ""}},
    {with_auth(R"("users": {"x": {}}, "groups": {"g": ["z"]})"),
     {"$.auth.groups.g", "\"z\"", "one of x", ""}},
    {with_auth(R"("user_header": "Content-Length")"),
     {"$.auth.user_header", "the string \"Content-Length\"",
      "a header field's name of letters, digits and \"-\" that is nobody "
      "else's",
      ""}},
  });
}

CAF_TEST(a token is one however it is written) {
  constexpr auto plain = R"("token": "0123456789abcdef")";
  constexpr auto hash = R"("token_hash":
    "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f")";
  const auto tokens = [](std::string a, std::string b) {
    return with_auth("\"tokens\": {\"a\": {" + a
                     + R"(, "expires": "2020-01-01"}, "b": {)" + b + "}}");
  };
  const auto told = [](std::string key, std::string first) {
    return problem{"$.auth.tokens.b." + key,
                   "the same token as $.auth.tokens.a." + first,
                   "each token once",
                   {}};
  };
  check({
    {tokens(plain, plain), told("token", "token")},
    {tokens(plain, hash), told("token_hash", "token")},
    {tokens(hash, plain), told("token", "token_hash")},
    {tokens(hash, hash), told("token_hash", "token_hash")},
  });
  // What looks like the other's hash is another token.
  good(tokens(R"("token": "0123456789abcdeF")", hash));
  good(tokens(R"("token":
    "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f")",
              hash));
}

CAF_TEST(no problem tells a secret) {
  for (const auto* text :
       {R"("users": {"u": {"password_hash": "hunter-two"}})",
        R"("users": {"u": {"password": ["hunter-two"]}})",
        R"("tokens": {"t": {"token": "hunter-two"}})",
        R"("tokens": {"t": {"token_hash": "hunter-two"}})",
        R"("tokens": {"t": {"token": "hunter-two-and-more"},
                      "u": {"token": "hunter-two-and-more"}})"}) {
    const auto told = all(wrong(with_auth(text)));
    CAF_CHECK_NOT_EQUAL(told, "");
    CAF_CHECK_EQUAL(told.find("hunter"), std::string::npos);
  }
}

CAF_TEST(what is shown has no secret and is read again) {
  const auto all = good(everything);
  const auto shown = show(all);
  const auto text = shown.dump();
  for (const auto* secret :
       {"secret-of-alice", "token-of-the-builds", "scrypt", "5e884898"})
    CAF_CHECK_EQUAL(text.find(secret), std::string::npos);
  CAF_CHECK_EQUAL(shown["auth"]["users"]["alice"]["password"], "***");
  CAF_CHECK_EQUAL(shown["auth"]["tokens"]["cd"]["token_hash"], "***");
  CAF_CHECK(shown["mappings"][0]["quota"]["per_user"]["requests"] == 1);
  CAF_CHECK(!shown["mappings"][1].contains("quota"));
  // Masked secrets are none that could be read.
  auto again = shown;
  again["auth"]["users"]["bob"]["password_hash"]
    = all.auth.users.at("bob").password_hash;
  again["auth"]["users"]["alice"]["password"] = "secret-of-alice";
  again["auth"]["tokens"]["ci"]["token"] = "token-of-the-builds";
  again["auth"]["tokens"]["cd"]["token_hash"]
    = all.auth.tokens.at("cd").secret_hash;
  again["tunnels"]["t"]["password"] = "p";
  CAF_CHECK(good(again.dump()) == all);
}

CAF_TEST(users and rules are live whatever else stays) {
  const auto before = good(everything);
  auto fresh = before;
  fresh.auth.users.erase("bob");
  fresh.auth.users.at("alice").password = "another";
  fresh.auth.tokens.at("cd").secret_hash = std::string(64, '1');
  fresh.servers.at("web").access.allow = {"192.0.2.0/24"};
  fresh.servers.at("web").port = 9; // takes a restart
  fresh.tunnels.at("t").access.require.reset();
  // The mapping moves, and its rule with it.
  std::swap(fresh.mappings[0], fresh.mappings[1]);
  fresh.mappings[1].access.quota.all.requests = 6;
  const auto now = in_effect(before, fresh, mapping_change::rules);
  CAF_CHECK(now.auth == fresh.auth);
  CAF_CHECK(now.servers.at("web").access == fresh.servers.at("web").access);
  CAF_CHECK_EQUAL(now.servers.at("web").port, 1u);
  CAF_CHECK(!now.tunnels.at("t").access.require);
  CAF_CHECK_EQUAL(now.mappings[0].from.host, "a");
  CAF_CHECK_EQUAL(now.mappings[0].access.quota.all.requests, 6u);
  CAF_CHECK(now.mappings[1].access == aps::config::access{});
  const auto keys = changed_keys(before, now);
  for (const auto* key : {"auth.users.bob", "auth.users.alice.password",
                          "auth.tokens.cd.token_hash", "servers.web.allow",
                          "tunnels.t.require", "mappings[0].quota.requests"})
    CAF_CHECK_EQUAL(std::count(keys.begin(), keys.end(), key), 1);
  CAF_CHECK_EQUAL(keys.size(), 6u);
}

CAF_TEST(times are read) {
  CAF_CHECK_EQUAL(parse_time("1970-01-01"), int64_t{0});
  CAF_CHECK_EQUAL(parse_time("2027-01-31T12:00:01Z"), int64_t{1801396801});
  CAF_CHECK_EQUAL(parse_time("2028-02-29"), int64_t{1835395200});
  for (const auto* text :
       {"", "2027", "2027-1-31", "2027-13-01", "2027-00-10", "2027-02-29",
        "2027-01-31T24:00:00Z", "2027-01-31T12:60:00Z", "2027-01-31 12:00:00Z",
        "2027-01-31T12:00:00", "1969-12-31", "2027-01-3x", "tomorrow"})
    CAF_CHECK(!parse_time(text));
}
