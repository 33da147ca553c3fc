#define CAF_SUITE config.load

#include "tests/support/test.hpp"

#include "tests/config/pretended.hpp"

#include <algorithm>

using namespace aps::config;

namespace {

struct row {
  texts files;
  std::string expected; ///< the one line of what is wrong
};

std::string with_include(const std::string& names, const std::string& more) {
  return R"({"include": [)" + names + R"(], "servers": {"s": 1})" + more + "}";
}

} // namespace

CAF_TEST(included files join) {
  pretended here;
  here.files = {
    {"d/main.json",
     with_include(R"("one.json", "c/*.json", "d/none-*")", R"(, "mappings": [
       {"from": "http://a", "to": "http://x"}])")},
    {"d/one.json", R"({"servers": {"more": 2}, "tunnels":
       {"t": {"password": "p"}}, "log": {"level": "debug"}})"},
    {"d/c/a.json", R"({"include": ["a.json", "*.json"], "mappings": [
       {"from": "http://b", "to": "http://x", "via": {"tunnels": "t"}}]})"},
    {"d/c/b.json", R"({"mappings": [{"from": "http://c", "to": "http://x"}]})"},
  };
  // The file that names itself is wrong; the pattern that meets it is not.
  CAF_CHECK_EQUAL(lines_of(load("d/main.json", here)),
                  "d/c/a.json: $.include[0]: found \"d/c/a.json\" (included "
                  "already), allowed each file once\n");
  here.files["d/c/a.json"] = R"({"include": ["*.json"], "mappings": [
       {"from": "http://b", "to": "http://x", "via": {"tunnels": "t"}}]})";
  const auto loaded = load("d/main.json", here);
  CAF_REQUIRE_EQUAL(lines_of(loaded), "");
  const auto& all = std::get<node>(loaded);
  CAF_CHECK_EQUAL(all.servers.size(), 2u);
  CAF_CHECK_EQUAL(all.log.level, "debug");
  CAF_REQUIRE_EQUAL(all.mappings.size(), 3u);
  CAF_CHECK_EQUAL(all.mappings[0].from.host, "a");
  CAF_CHECK_EQUAL(all.mappings[1].from.host, "b");
  CAF_CHECK_EQUAL(all.mappings[2].from.host, "c");
}

CAF_TEST(problems name the file they stand in) {
  const std::string main = with_include(
    "\"b.json\"", R"(, "mappings": [{"from": "http://a", "to": "http://x"}])");
  const std::vector<row> rows{
    {{{"main.json", main}},
     "main.json: $.include[0]: found \"b.json\" (not there), allowed a readable "
     "file\n"},
    {{{"main.json", main}, {"b.json", "{"}}, "b.json: line 1, column 2: found "},
    {{{"main.json", main}, {"b.json", "[]"}},
     "b.json: $: found a list of 0 elements, allowed an object\n"},
    {{{"main.json", main}, {"b.json", R"({"mappings": [{"from": "http://b",
       "to": "x"}]})"}},
     "b.json: $.mappings[0].to: found the string \"x\""},
    {{{"main.json", main}, {"b.json", R"({"tunnels": {"a.b": {}}})"}},
     "b.json: $.tunnels[\"a.b\"].password: found nothing, allowed a string of 1 "
     "to 1024 bytes\n"},
    {{{"main.json", main}, {"b.json", R"({"servers": {"s": 2}})"}},
     "b.json: $.servers.s: found a name that stands in main.json, too, allowed "
     "each name once\n"},
    {{{"main.json", with_include("\"b.json\"", R"(, "log": {})")},
      {"b.json", R"({"log": {}})"}},
     "b.json: $.log: found what stands in main.json, too, allowed each section "
     "in one file\n"},
    {{{"main.json", main}, {"b.json", R"({"lgo": {}})"}},
     "b.json: $.lgo: did you mean \"log\"? found an unknown key"},
    {{}, "main.json: found not there, allowed a readable file\n"},
    {{{"main.json", R"({"include": "b", "servers": {"s": 1}})"}},
     "main.json: $.include: found the string \"b\", allowed a list of files"},
  };
  for (const auto& [files, expected] : rows) {
    pretended here;
    here.files = files;
    const auto text = lines_of(load("main.json", here));
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(text.substr(0, expected.size()), expected);
    CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 1);
    CAF_CHECK_LESS_OR_EQUAL(text.size(), 161u);
  }
}

CAF_TEST(a line has at most 160 columns and its hint is not what is cut) {
  pretended here;
  here.files["main.json"]
    = R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p",
         "websocket_pool": {"poolsize": 1}}}})";
  const auto text = lines_of(load("main.json", here));
  CAF_CHECK_LESS_OR_EQUAL(text.size(), 161u);
  CAF_CHECK(text.starts_with("main.json: $.tunnels.t.websocket_pool.poolsize: "
                             "did you mean \"pool_size\"? found an unknown"));
  CAF_CHECK(text.ends_with(" ...\n"));
}

CAF_TEST(warnings name the file they are about) {
  pretended here;
  here.files = {{"main.json", with_include("\"b.json\"", R"(, "mappings": [
      {"from": "http://a", "to": "http://x"}])")},
                {"b.json", R"({"tunnels": {"t": {"password": "test123"}}})"}};
  std::vector<std::string> warnings;
  CAF_CHECK_EQUAL(lines_of(load("main.json", here, &warnings)), "");
  CAF_REQUIRE_EQUAL(warnings.size(), 2u);
  CAF_CHECK_EQUAL(warnings[0],
                  "main.json: $.servers.s: warning: open to others (0.0.0.0), "
                  "who may join with the examples' password; choose another "
                  "one, or host 127.0.0.1 (b.json: ...");
}
