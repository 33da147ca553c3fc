#define CAF_SUITE config.syntax

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

#include "config/syntax/syntax.hpp"

using namespace aps::config;

CAF_TEST(syntax errors have line and column) {
  check({
    {"", {"line 1, column 1", "an empty text", "a JSON object", ""}},
    {" // nothing\n",
     {"line 2, column 1", "an empty text", "a JSON object", ""}},
    {std::string("\xff\xfe{\0}\0", 6),
     {"line 1, column 1", "UTF-16", "UTF-8; save it as that", ""}},
    {"{\"servers\": {\n  \"s\": 1,\n}}",
     {"line 3, column 1", "a comma before \"}\"",
      "no comma after the last element", ""}},
    {"{\"a\": [1, /* , */ 2 , // x\n ]}",
     {"line 2, column 2", "a comma before \"]\"",
      "no comma after the last element", ""}},
    {"{\n  \"a\" 1}",
     {"line 2, column 7",
      "syntax error while parsing object separator - unexpected number "
      "literal; expected ':'",
      "JSON (comments allowed)", ""}},
    {"{\"a\": 1e999}",
     {"line 1, column 11", "a number too large to represent",
      "JSON (comments allowed)", ""}},
  });
}

CAF_TEST(a syntax error does not show what it read) {
  const auto list = wrong("{\"servers\": {\"s\": 1}, \"tunnels\": {\"t\": "
                          "{\"password\": \"geheim\\q\"}}}");
  CAF_REQUIRE_EQUAL(list.size(), 1u);
  CAF_CHECK_EQUAL(list[0].path, "line 1, column 61");
  CAF_CHECK(all(list).find("geheim") == std::string::npos);
}

CAF_TEST(a key stands once in its object) {
  check({
    {R"({"servers": {"s": 1, "s": 1}})",
     {"$.servers.s", "the same key twice", "each key once", ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b"},
                     {"from": "http://a2", "to": "http://b",
                      "to": "http://c"})"),
     {"$.mappings[1].to", "the same key twice", "each key once", ""}},
  });
}

namespace {

/// The value, which must have no problems.
nlohmann::json value_of(std::string_view text) {
  problems out;
  const auto value = parse_json(text, out);
  CAF_CHECK_EQUAL(all(out), "");
  return value.value_or("nothing");
}

} // namespace

CAF_TEST(a text becomes the value that it says) {
  for (const auto* text :
       {"{}", "[]", "null", "true", "-7", "18446744073709551615", "1.5",
        R"("\u00e4\n")", R"({"a": {"b": [1, [2, {"c": []}], {}]}, "d": "e"})"})
    CAF_CHECK_EQUAL(value_of(text).dump(), nlohmann::json::parse(text).dump());
}

CAF_TEST(comments are where blanks may be) {
  CAF_CHECK_EQUAL(value_of("// a\n[1, /* b, */ 2 /**/, \"// no /* c */\"] // d")
                    .dump(),
                  R"([1,2,"// no /* c */"])");
}

CAF_TEST(of a key that stands twice the last value stays) {
  problems out;
  const auto value
    = parse_json(R"({"a": [{"b": 1}, {"b": 1, "c": 2, "b": 3}], "a b": 1,
                     "d": {"a b": {"x": 1, "x": 2}}})", out);
  CAF_REQUIRE(value);
  CAF_CHECK((*value)["a"][1]["b"] == 3);
  CAF_CHECK((*value)["d"]["a b"]["x"] == 2);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK_EQUAL(out[0].path, "$.a[1].b");
  CAF_CHECK_EQUAL(out[1].path, "$.d[\"a b\"].x");
}

CAF_TEST(a comma is blamed only where it is too many) {
  const auto found = [](std::string_view text) {
    problems out;
    CAF_CHECK(!parse_json(text, out));
    return out.size() == 1 ? out[0].found : all(out);
  };
  CAF_CHECK_EQUAL(found(R"({"a": ",\"",})"), "a comma before \"}\"");
  CAF_CHECK_EQUAL(found("[1, // ]\n]"), "a comma before \"]\"");
  for (const auto* other : {R"({"a": ","]})", "[1 /*,*/ }", "{\"a\"}"})
    CAF_CHECK(found(other).starts_with("syntax error"));
}

CAF_TEST(a place is where the line and column are) {
  const auto place = [](std::string_view text) {
    problems out;
    CAF_CHECK(!parse_json(text, out));
    return out.empty() ? "" : out[0].path;
  };
  CAF_CHECK_EQUAL(place("x"), "line 1, column 1");
  CAF_CHECK_EQUAL(place("[x"), "line 1, column 2");
  CAF_CHECK_EQUAL(place("[\nx"), "line 2, column 1");
  CAF_CHECK_EQUAL(place("[\n\n  x"), "line 3, column 3");
}
