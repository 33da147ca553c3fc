#define CAF_SUITE config.delivery_section

#include "tests/support/test.hpp"

#include "config/delivery/delivery_section.hpp"

#include "config/show.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace aps::config;
using nlohmann::json;

namespace {

std::string with_keys(const std::string& keys,
                      const std::string& via = R"("via": {"tunnels": "t"},)") {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}},
           "mappings": [{"from": "http://a", "to": "http://t", )"
         + via + keys + "}]}";
}

bool has_problem(const problems& list, const std::string& path) {
  return std::any_of(list.begin(), list.end(),
                     [&](const problem& each) { return each.path == path; });
}

} // namespace

CAF_TEST(what is read is shown and read again) {
  const struct {
    std::string keys;
    std::string shown; // of the section, as it comes back
  } rows[] = {
    {R"("retry": {})",
     R"({"attempts": 2, "budget": 20, "on": [502, 503, 504]})"},
    {R"("retry": {"attempts": 3, "on": "connect"})",
     R"({"attempts": 3, "budget": 20, "on": ["connect"]})"},
    {R"("retry": {"on": [504, 502, 504, "connect"], "budget": 0})",
     R"({"attempts": 2, "budget": 0, "on": [502, 504, "connect"]})"},
    {R"("retry": {"methods": "POST", "on": 503})",
     R"({"attempts": 2, "budget": 20, "on": [503], "methods": ["POST"]})"},
    {R"("timeouts": {})", R"({"first_byte_timeout": 0.0, "idle_timeout": 0.0,
                              "total_timeout": 0.0})"},
    {R"("timeouts": {"first_byte_timeout": 1, "idle_timeout": 2.5,
                     "total_timeout": 3})",
     R"({"first_byte_timeout": 1.0, "idle_timeout": 2.5,
         "total_timeout": 3.0})"},
    {R"("cc": {"to": "h2c://copy:81/"})",
     R"({"to": "h2c://copy:81", "max_body_bytes": 65536,
         "max_in_flight": 32})"},
    {R"("cc": {"to": "unix:/run/copy"})",
     R"({"to": "unix:/run/copy", "max_body_bytes": 65536,
         "max_in_flight": 32})"},
    {R"("cc": {"to": "https://copy", "max_body_bytes": 0, "max_in_flight": 1,
               "via": {"tunnels": "t", "endpoints": ["e"]}})",
     R"({"to": "https://copy", "max_body_bytes": 0, "max_in_flight": 1,
         "via": {"tunnels": ["t"], "endpoints": ["e"]}})"},
  };
  for (const auto& [keys, shown] : rows) {
    CAF_MESSAGE(keys);
    const auto all = good(with_keys(keys));
    const auto key = keys.substr(1, keys.find('"', 1) - 1);
    const auto out = show(all.mappings[0]).at(key);
    CAF_CHECK_EQUAL(out.dump(), json::parse(shown).dump());
    const auto again = good(with_keys('"' + key + "\": " + out.dump()));
    CAF_CHECK(again.mappings[0] == all.mappings[0]);
  }
  const auto none = good(with_keys(R"("http2": true)"));
  CAF_CHECK(!none.mappings[0].retry && !none.mappings[0].timeouts
            && !none.mappings[0].cc);
}

CAF_TEST(what is wrong names the key) {
  const std::vector<std::pair<std::string, std::string>> rows{
    {R"("retry": 1)", "$.mappings[0].retry"},
    {R"("retry": {"attempts": 1})", "$.mappings[0].retry.attempts"},
    {R"("retry": {"attempts": 11})", "$.mappings[0].retry.attempts"},
    {R"("retry": {"budget": 101})", "$.mappings[0].retry.budget"},
    {R"("retry": {"on": 500})", "$.mappings[0].retry.on"},
    {R"("retry": {"on": []})", "$.mappings[0].retry.on"},
    {R"("retry": {"on": [503, "refused"]})", "$.mappings[0].retry.on[1]"},
    {R"("retry": {"methods": "get"})", "$.mappings[0].retry.methods"},
    {R"("retry": {"methods": ["GET", 1]})", "$.mappings[0].retry.methods[1]"},
    {R"("retry": {"hedge": true})", "$.mappings[0].retry.hedge"},
    {R"("timeouts": {"read_timeout": 1})",
     "$.mappings[0].timeouts.read_timeout"},
    {R"("timeouts": {"idle_timeout": -1})",
     "$.mappings[0].timeouts.idle_timeout"},
    {R"("cc": "http://copy")", "$.mappings[0].cc"},
    {R"("cc": {})", "$.mappings[0].cc.to"},
    {R"("cc": {"to": "http://copy/path"})", "$.mappings[0].cc.to"},
    {R"("cc": {"to": "tcp://copy:1"})", "$.mappings[0].cc.to"},
    {R"("cc": {"to": "http://copy", "via": {}})",
     "$.mappings[0].cc.via.tunnels"},
    {R"("cc": {"to": "http://copy", "via": {"tunnels": "other"}})",
     "$.mappings[0].cc.via.tunnels"},
    {R"("cc": {"to": "http://copy", "max_in_flight": 0})",
     "$.mappings[0].cc.max_in_flight"},
  };
  for (const auto& [keys, path] : rows) {
    CAF_MESSAGE(keys);
    CAF_CHECK(has_problem(wrong(with_keys(keys)), path));
  }
  CAF_CHECK(
    has_problem(wrong(with_keys(R"("retry": {})", "")), "$.mappings[0].retry"));
}

CAF_TEST(who gets no copies is told why) {
  const std::vector<std::pair<std::string, std::string>> rows{
    {"1", "the number 1"},
    {R"("http://user:secret@copy")", "a string of 23 characters (a user or "
                                     "password)"},
    {R"("http://copy/?a")", R"(the string "http://copy/?a" (a query))"},
    {R"("http://copy#a")", R"(the string "http://copy" (a fragment))"},
    {R"("http://copy/a")", R"(the string "http://copy/a" (a path))"},
    {R"("tcp://copy:1")", R"(the string "tcp://copy:1" (another scheme))"},
    {R"("unix:copy")",
     R"(the string "unix:copy" (no absolute path of 1 to 107 )"
     "visible bytes)"},
  };
  for (const auto& [to, found] : rows)
    check({{with_keys(R"("cc": {"to": )" + to + "}"),
            {"$.mappings[0].cc.to", found,
             "http://, https:// or h2c:// with a host, and no path; or "
             "unix:/path of a socket",
             ""}}});
}

CAF_TEST(the node needs none of it for its own answers) {
  const std::vector<std::pair<std::string, std::string>> rows{
    {"retry", "{}"},
    {"timeouts", R"({"total_timeout": 1})"},
    {"cc", R"({"to": "http://copy"})"},
  };
  for (const auto* answer : {R"({"status": 200})", R"({"redirect": "/b"})"})
    for (const auto& [key, value] : rows)
      check(
        {{with(R"("mappings": [{"from": "http://a/a", "to": )"
               + std::string{answer} + ", \"" + key + "\": " + value + "}]"),
          {"$.mappings[0]." + key, "an object",
           "nothing, because the node answers by itself", ""}}});
}

CAF_TEST(streams have none of it) {
  for (const auto* keys : {R"("retry": {})", R"("timeouts": {})",
                           R"("cc": {"to": "http://copy"})"}) {
    const auto text
      = std::string{R"({"servers": {"s": 1}, "tunnels": {"t": {"password":
        "p"}}, "mappings": [{"from": "tcp://:2222", "to": "tcp://t:22",
        "via": {"tunnels": "t"}, )"}
        + keys + "}]}";
    CAF_CHECK(!wrong(text).empty());
  }
}
