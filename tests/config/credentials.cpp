#define CAF_SUITE config.credentials

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

#include "config/access/password_hash.hpp"
#include "config/show.hpp"

using namespace aps::config;

namespace {

std::string with(const std::string& credentials, const std::string& more = "") {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"credentials": )"
         + credentials + more + "}}}";
}

tunnel read(const std::string& text) {
  const auto found = parse(text);
  if (const auto* wrong = std::get_if<problems>(&found))
    CAF_FAIL(all(*wrong));
  return std::get<node>(found).tunnels.at("t");
}

std::string hash_of(const std::string& tunnel) {
  return password_hash::of_tunnel(tunnel, "secret").str();
}

} // namespace

CAF_TEST(a hash is the key itself) {
  const auto found = read(
    with(R"([{"name": "a", "password_hash": ")" + hash_of("t") + R"("}])"));
  CAF_REQUIRE_EQUAL(found.credentials.size(), 1u);
  const auto& each = found.credentials.front();
  CAF_CHECK_EQUAL(each.key.size(), 32u);
  CAF_CHECK(each.key == password_hash::of_tunnel("t", "secret").key_of("t"));
  CAF_CHECK_EQUAL(each.password, "");
  CAF_CHECK_EQUAL(found.password, "");
}

CAF_TEST(a credential says for whom and how long) {
  const auto found = read(with(
    R"([{"name": "a", "password": "p", "endpoints": ["app*", "web"],
         "expires": "2030-01-31T12:00:00Z"},
        {"name": "b", "password": "p"}])",
    R"(, "password": "q")"));
  CAF_CHECK_EQUAL(found.password, "q");
  const auto& a = found.credentials.at(0);
  const auto& b = found.credentials.at(1);
  CAF_CHECK_EQUAL(a.expires, 1896091200);
  CAF_CHECK(!a.is_over(1896091199) && a.is_over(1896091200));
  CAF_CHECK(!b.is_over(INT64_MAX));
  struct row {
    const char* pattern;
    const char* endpoint;
    bool fits;
  } const rows[] = {
    {"a", "a", true},        {"a", "b", false},      {"a", "ab", false},
    {"a*", "a", true},       {"a*", "ab", true},     {"a*", "ba", false},
    {"*", "", true},         {"*", "x", true},       {"*a", "ba", true},
    {"*a", "ab", false},     {"a*b", "ab", true},    {"a*b", "axxb", true},
    {"a*b", "axbx", false},  {"*a*", "bab", true},   {"*a*", "bb", false},
    {"a**", "a", true},      {"a*b*c", "abc", true}, {"a*b*c", "abbbc", true},
    {"a*b*c", "acb", false}, {"*ab", "aab", true},   {"", "", true},
    {"", "a", false},        {"A", "a", false},
  };
  for (const auto& row : rows) {
    CAF_MESSAGE(row.pattern << " " << row.endpoint);
    CAF_CHECK_EQUAL(
      (credential{"n", "p", "", {row.pattern}}.is_for(row.endpoint)), row.fits);
  }
  CAF_CHECK(a.is_for("web") && a.is_for("app7") && !a.is_for("x"));
  CAF_CHECK(b.is_for("anything"));
}

CAF_TEST(a credential shows no secret) {
  const auto found = read(with(R"([{"name": "a", "password": "hidden"},
    {"name": "b", "password_hash": ")"
                               + hash_of("t") + R"("}])"));
  const auto text = show(found).dump();
  CAF_CHECK(text.find("hidden") == text.npos);
  CAF_CHECK(text.find("$scrypt") == text.npos);
  CAF_CHECK(text.find(R"("password":"***")") != text.npos);
  CAF_CHECK(text.find(R"("password_hash":"***")") != text.npos);
}

CAF_TEST(mistakes about credentials are told) {
  const std::string at = "$.tunnels.t.credentials";
  const std::string more = R"(, "password": "q")";
  check({
    {with("5", more),
     {at, "the number 5", "a list of objects with name and password", ""}},
    {with("[]", more),
     {at, "a list of 0 elements", "a list of objects with name and password",
      ""}},
    {with(R"([{"password": "p"}])"),
     {at + "[0].name", "nothing",
      "a name of 1 to 128 bytes without control characters", ""}},
    {with(R"([{"name": "a"}])"),
     {at + "[0].password", "nothing", "either password or password_hash", ""}},
    {with(R"([{"name": "a", "password_hash": ")" + hash_of("u") + R"("}])"),
     {at + "[0].password_hash", "a hash that is not this tunnel's",
      "a hash as `aps hash-password -tunnel` prints it for \"t\"", ""}},
    {with(
       R"([{"name": "a", "password": "p"}, {"name": "a", "password": "q"}])"),
     {at + "[1].name", "\"a\", which is that of " + at + "[0]",
      "each name once", ""}},
    {with(R"([{"name": "a", "password": "p", "expires": "2030-02-30"}])"),
     {at + "[0].expires", "the string \"2030-02-30\"", time_rule, ""}},
  });
}
