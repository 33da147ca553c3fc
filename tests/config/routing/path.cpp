#define CAF_SUITE config.path

#include "tests/support/test.hpp"

#include "config/routing/path.hpp"
#include "config/routing/routes.hpp"

using namespace aps;
using config::path_risk;
using config::risk_of;

namespace {

struct row {
  std::string path;
  path_risk risk;
};

const std::vector<row> rows{
  // Nothing a target could read in another way.
  {"", path_risk::none},
  {"*", path_risk::none},
  {"/", path_risk::none},
  {"/a..b", path_risk::none},
  {"/...", path_risk::none},
  {"/..a/", path_risk::none},
  {"/a/./b", path_risk::none},
  {"/.well-known", path_risk::none},
  {"/a?x=/../", path_risk::none},
  {"/a?..%2f..%5c", path_risk::none},
  {"/a;v=1/b", path_risk::none},
  {"/a%20b", path_risk::none},
  {"/100%", path_risk::none},
  {"/%zz", path_risk::none},
  {"/%", path_risk::none},
  {"/%2", path_risk::none},
  {"/%u", path_risk::none},
  {"/a\\b", path_risk::none},
  {"/a%5cb", path_risk::none},
  {"/%e2%80%a6", path_risk::none},
  {"/.;/a", path_risk::none},
  {"/%2e/a", path_risk::none},
  {"/...%2e", path_risk::none},
  {"/%252f", path_risk::none},
  // RFC 3986's own.
  {"/..", path_risk::climb},
  {"/a/../b", path_risk::climb},
  {"/./..", path_risk::climb},
  {"/a/..?x=1", path_risk::climb},
  {"/a/%2e%2E/b", path_risk::climb},
  {"/.%2e", path_risk::climb},
  // Encoded slashes and backslashes beside dots.
  {"/..%2f", path_risk::hidden_climb},
  {"/..%2Fx", path_risk::hidden_climb},
  {"/a/%2e%2e%2fb", path_risk::hidden_climb},
  {"/a%2f..", path_risk::hidden_climb},
  {"/a%2f..%2fb", path_risk::hidden_climb},
  {"/a%2f../b", path_risk::hidden_climb},
  {"/..%5c", path_risk::hidden_climb},
  {"/..%5Cx", path_risk::hidden_climb},
  {"/..\\", path_risk::hidden_climb},
  {"/a\\..\\b", path_risk::hidden_climb},
  {"/a%5c..", path_risk::hidden_climb},
  {"/a/.%2e%5cb", path_risk::hidden_climb},
  // Path parameters, queries and fragments.
  {"/..;/", path_risk::hidden_climb},
  {"/..;x=y/b", path_risk::hidden_climb},
  {"/a/..;", path_risk::hidden_climb},
  {"/..%3b/", path_risk::hidden_climb},
  {"/%2e%2e;/b", path_risk::hidden_climb},
  {"/..%3fx", path_risk::hidden_climb},
  {"/..%23x", path_risk::hidden_climb},
  // Control characters and blanks.
  {"/.%00./", path_risk::hidden_climb},
  {"/..%00", path_risk::hidden_climb},
  {"/%00../", path_risk::hidden_climb},
  {"/..%0a/", path_risk::hidden_climb},
  {"/..%0d%0a/", path_risk::hidden_climb},
  {"/.%09.", path_risk::hidden_climb},
  {"/..%20/", path_risk::hidden_climb},
  {"/.%7f./", path_risk::hidden_climb},
  // Encoded more than once.
  {"/%252e%252e/", path_risk::hidden_climb},
  {"/%252e%252e%252f", path_risk::hidden_climb},
  {"/..%252f", path_risk::hidden_climb},
  {"/..%255c", path_risk::hidden_climb},
  {"/%25252e%25252e%25252f", path_risk::hidden_climb},
  {"/.%2500.", path_risk::hidden_climb},
  {"/%%32%65%%32%65/", path_risk::hidden_climb},
  {"/.%%32%65/", path_risk::hidden_climb},
  {"/%2%65%2%65/", path_risk::hidden_climb},
  {"/..%2%66", path_risk::hidden_climb},
  {"/%%32e%%32e/", path_risk::hidden_climb},
  {"/%25%32%65%25%32%65/", path_risk::hidden_climb},
  {"/%u0025u002e./", path_risk::hidden_climb},
  // Overlong and Microsoft's spellings.
  {"/%c0%ae%c0%ae/", path_risk::hidden_climb},
  {"/..%c0%af", path_risk::hidden_climb},
  {"/..%c1%9c", path_risk::hidden_climb},
  {"/%e0%80%ae%e0%80%ae/", path_risk::hidden_climb},
  {"/%f0%80%80%ae%f0%80%80%ae/", path_risk::hidden_climb},
  {"/..%f0%80%80%af", path_risk::hidden_climb},
  {"/..%f0%80%81%9c", path_risk::hidden_climb},
  {"/%f8%80%80%80%ae%f8%80%80%80%ae/", path_risk::hidden_climb},
  {"/%fc%80%80%80%80%ae./", path_risk::hidden_climb},
  {"/%c0%a52e%c0%a52e/", path_risk::hidden_climb},
  {"/..%e0%80%a5%c0%b2f", path_risk::hidden_climb},
  {"/%c0%2e%c0%2e/", path_risk::hidden_climb},
  // What a lenient target swallows, a strict one sees.
  {"/a%c1%2f..%2fb", path_risk::hidden_climb},
  {"/a%c0%2f..%5cb", path_risk::hidden_climb},
  {"/%e0%80%2f..%2f", path_risk::hidden_climb},
  {"/%f0%90%80%ae./", path_risk::none},
  {"/%e0%a0%ae./", path_risk::none},
  {"/%u002e%u002e/", path_risk::hidden_climb},
  {"/..%u002f", path_risk::hidden_climb},
  {"/%25u002e./", path_risk::hidden_climb},
  // Slashes alone.
  {"/a%2fb", path_risk::encoded_slash},
  {"/a%2Fb?x", path_risk::encoded_slash},
  {"/%2f", path_risk::encoded_slash},
  {"/a%2f.%2fb", path_risk::encoded_slash},
};

route from_to(std::string from, std::string to, bool slashes = false) {
  route result;
  result.rule.from = {"http", "a", 80, std::move(from)};
  result.rule.to = {"http", "b", 80, std::move(to)};
  result.rule.allow_encoded_slash = slashes;
  return result;
}

} // namespace

CAF_TEST(paths are as risky as the most eager target makes them) {
  for (const auto& [path, risk] : rows) {
    CAF_MESSAGE(path);
    CAF_CHECK(risk_of(path) == risk);
    if (!path.empty() && path.find('?') == path.npos)
      CAF_CHECK(risk_of(path + "?x") == risk);
  }
}

CAF_TEST(a mapping without paths takes all that does not climb) {
  for (const auto& everything : {from_to("", ""), from_to("/", "/")})
    for (const auto& [path, risk] : rows)
      CAF_CHECK_EQUAL(everything.admits(path), risk != path_risk::climb);
}

CAF_TEST(a mapping with a path takes what stays below it) {
  for (const auto& bounded :
       {from_to("/a", ""), from_to("", "/b"), from_to("/a", "/b")})
    for (const auto& [path, risk] : rows)
      CAF_CHECK_EQUAL(bounded.admits(path), risk == path_risk::none);
  const auto generous = from_to("/a", "", true);
  for (const auto& [path, risk] : rows)
    CAF_CHECK_EQUAL(generous.admits(path),
                    risk == path_risk::none
                      || risk == path_risk::encoded_slash);
}

CAF_TEST(a long path costs time in its length) {
  std::string path = "/";
  while (path.size() < 1 << 20)
    path += "%2525252525";
  CAF_CHECK(risk_of(path) == path_risk::none);
  CAF_CHECK(risk_of(path + "2e%252e/..%2f") == path_risk::hidden_climb);
  std::string inside_out = "/";
  while (inside_out.size() < 1 << 20)
    inside_out += "%%32%35";
  CAF_CHECK(risk_of(inside_out) == path_risk::none);
}

CAF_TEST(nobody honest hides escapes in overlong ones again and again) {
  std::string path = "%41";
  const auto deeper = [&] { path = "%c0%a5" + path.substr(1); };
  for (int i = 0; i < 6; ++i)
    deeper();
  CAF_CHECK(risk_of("/" + path) == path_risk::none);
  for (int i = 0; i < 10'000; ++i)
    deeper();
  CAF_CHECK(risk_of("/" + path) == path_risk::hidden_climb);
}
