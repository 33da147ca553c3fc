#define CAF_SUITE config.match_section

#include "tests/support/test.hpp"

#include "config/routing/match_section.hpp"

#include "config/show.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

#include <nlohmann/json.hpp>

using namespace aps::config;

namespace {

std::string with_match(const std::string& match) {
  return R"({"servers": {"s": 1}, "mappings": [{"from": "http://a",
           "to": "http://t", "match": )"
         + match + "}]}";
}

std::string with_from(const std::string& list) {
  return R"({"servers": {"s": 1}, "mappings": [)" + list + "]}";
}

} // namespace

CAF_TEST(conditions are read and shown in one form) {
  const auto all = good(with_match(R"({"path_regex": "/a/.*",
    "methods": ["PUT", "GET"], "headers": {"X-B": true, "x-a": "1"},
    "query": {"q": {"regex": "[0-9]+"}, "n": false},
    "addresses": ["10.0.0.0/8", "192.0.2.1"]})"));
  const auto& asked = all.mappings[0].match;
  CAF_REQUIRE(asked);
  CAF_CHECK_EQUAL(asked->count(), 6u);
  CAF_CHECK_EQUAL(asked->headers[0].name, "x-a");
  const auto shown = show(all.mappings[0]).at("match");
  CAF_CHECK(shown == nlohmann::json::parse(R"({"path_regex": "/a/.*",
    "methods": ["GET", "PUT"], "headers": {"x-b": true, "x-a": "1"},
    "query": {"q": {"regex": "[0-9]+"}, "n": false},
    "addresses": ["10.0.0.0/8", "192.0.2.1"]})"));
  const auto again = good(with_match(shown.dump()));
  CAF_CHECK(again.mappings[0] == all.mappings[0]);
}

CAF_TEST(what is wrong with conditions names the key) {
  const std::vector<std::pair<std::string, std::string>> rows{
    {"[]", "$.mappings[0].match"},
    {"{}", "$.mappings[0].match"},
    {R"({"path": "/a"})", "$.mappings[0].match.path"},
    {R"({"path_regex": "("})", "$.mappings[0].match.path_regex"},
    {R"({"path_regex": 1})", "$.mappings[0].match.path_regex"},
    {R"({"path_regex": ""})", "$.mappings[0].match.path_regex"},
    {R"({"path_regex": "((a{30}){30}){30}"})",
     "$.mappings[0].match.path_regex"},
    {R"({"methods": "G ET"})", "$.mappings[0].match.methods"},
    {R"({"methods": "CONNECT"})", "$.mappings[0].match.methods"},
    {R"({"methods": []})", "$.mappings[0].match.methods"},
    {R"({"headers": {"a b": true}})", R"($.mappings[0].match.headers["a b"])"},
    {R"({"headers": {"A": true, "a": true}})", "$.mappings[0].match.headers"},
    {R"({"headers": {"a": 1}})", "$.mappings[0].match.headers.a"},
    {R"({"headers": {"a": {"regex": "["}}})",
     "$.mappings[0].match.headers.a.regex"},
    {R"({"headers": "a"})", "$.mappings[0].match.headers"},
    {R"({"query": {"a": null}})", "$.mappings[0].match.query.a"},
    {R"({"addresses": ["10.0.0.1/8"]})", "$.mappings[0].match.addresses[0]"},
  };
  for (const auto& [match, path] : rows) {
    CAF_MESSAGE(match);
    const auto found = wrong(with_match(match));
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK_EQUAL(found[0].path, path);
  }
}

CAF_TEST(mappings that nobody can tell apart are an error) {
  const auto one = [](const std::string& from, const std::string& more = "") {
    return R"({"from": ")" + from + R"(", "to": "http://t")" + more + "}";
  };
  const auto get = R"(, "match": {"methods": ["GET", "PUT"]})";
  const auto put = R"(, "match": {"methods": ["PUT", "GET"]})";
  const std::vector<std::pair<std::string, std::string>> same{
    {one("http://a/x"), one("http://a/x")},
    {one("http://a"), one("http://A:80/")},
    {one("http://a/x"), one("http://a/x*")},
    {one("http://a."), one("http://a")},
    {one("http://*.a"), one("http://*.A")},
    {one("http://*"), one("http://*:80/")},
    {one("http://bücher"), one("http://xn--bcher-kva")},
    {one("http://a", get), one("http://a", put)},
  };
  for (const auto& [x, y] : same) {
    CAF_MESSAGE(x << " " << y);
    const auto found = wrong(with_from(x + "," + y));
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK_EQUAL(found[0].path, "$.mappings[1].from");
    CAF_CHECK_EQUAL(found[0].found, "the same as $.mappings[0]");
  }
  for (const auto& [x, y] : std::vector<std::pair<std::string, std::string>>{
         {one("http://a"), one("https://a")},
         {one("http://a"), one("http://a:81")},
         {one("http://a"), one("http://a", get)},
         {one("http://a/x"), one("http://a/x/")},
         {one("http://*.a"), one("http://a")}})
    CAF_CHECK_EQUAL(wrong(with_from(x + "," + y)).size(), 0u);
}

CAF_TEST(no other star is a host) {
  for (const auto* from : {"http://*.1", "http://a.*.b", "http://*a.b",
                           "http://*.", "http://*.*.a"})
    CAF_CHECK_EQUAL(wrong(with_from(std::string{R"({"from": ")"} + from
                                    + R"(", "to": "http://t"})"))
                      .size(),
                    1u);
  CAF_CHECK_EQUAL(wrong(with_from(R"({"from": "http://a",
                                            "to": "http://*.t"})"))
                    .size(),
                  1u);
}
