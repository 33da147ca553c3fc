#define CAF_SUITE tools.render

#include "tests/support/test.hpp"

#include "tools/apsctl/render.hpp"

#include <nlohmann/json.hpp>

#include <clocale>
#include <cstdlib>
#include <ctime>

using namespace aps::ctl;
using nlohmann::json;

namespace {

/// As `main` of apsctl does.
struct fixture {
  fixture() { CAF_REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(render_tests, fixture)

CAF_TEST(nothing foreign moves the cursor) {
  CAF_CHECK_EQUAL(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  CAF_CHECK_EQUAL(printable("a\tb\n\r\x7f"), "a\\x09b\\x0a\\x0d\\x7f");
  CAF_CHECK_EQUAL(printable(std::string_view{"a\0b", 3}), "a\\x00b");
  CAF_CHECK_EQUAL(printable("\xc3\xa4 \xe6\xbc\xa2"), "\xc3\xa4 \xe6\xbc\xa2");
  CAF_CHECK_EQUAL(printable("\xff\xc3"), "\\xff\\xc3"); // broken
  CAF_CHECK_EQUAL(printable("\xc2\x9b"), "\\xc2\\x9b"); // a CSI in eight bits
  // What turns text round: the first and last of both groups, and what
  // stands around them.
  for (const auto* odd :
       {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"})
    CAF_CHECK(printable(odd).starts_with("\\xe2\\x8"));
}

CAF_TEST(wide letters take two columns and marks none) {
  CAF_CHECK_EQUAL(width("abc"), 3u);
  CAF_CHECK_EQUAL(width("\xc3\xa4"), 1u);
  CAF_CHECK_EQUAL(width("\xe6\xbc\xa2"), 2u);
  CAF_CHECK_EQUAL(width("a\xcc\x88"), 1u);
  CAF_CHECK_EQUAL(width(""), 0u);
}

CAF_TEST(what is cut says so and fits) {
  CAF_CHECK_EQUAL(clipped("abcd", 4), "abcd");
  CAF_CHECK_EQUAL(clipped("abcde", 4), "abc\xe2\x80\xa6");
  CAF_CHECK_EQUAL(clipped("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 4),
                  "\xe6\xbc\xa2\xe2\x80\xa6");
  CAF_CHECK_EQUAL(clipped("", 0), "");
}

CAF_TEST(as many known words are listed as there is room for) {
  const std::vector<std::string> words{"one", "two", "three"};
  CAF_CHECK_EQUAL(known_words(words, 100), "; known: one, two, three");
  CAF_CHECK_EQUAL(known_words(words, 17), "; known: one, two, three");
  CAF_CHECK_EQUAL(known_words(words, 16), "; known: one, two and 1 more");
  CAF_CHECK_EQUAL(known_words(words, 5), "; known: one and 2 more");
  CAF_CHECK_EQUAL(known_words(words, 4), "");
  CAF_CHECK_EQUAL(known_words({}, 100), "");
  CAF_CHECK_EQUAL(known_words({"a\n"}, 100), "; known: a\\x0a");
}

CAF_TEST(columns are as wide as their widest cell) {
  table rows{{"NAME", ">COUNT", "!STATE"}};
  rows.add({"a", "7", "ready"});
  rows.add({"\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", "12345678", "down"});
  // Not on a terminal, so without colours.
  CAF_CHECK_EQUAL(rows.str(), "NAME       COUNT  STATE\n"
                              "a              7  ready\n"
                              "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2  12345678"
                              "  down\n");
}

CAF_TEST(a row does not end in blanks) {
  table rows{{"A", "B"}};
  rows.add({"x", ""});
  CAF_CHECK_EQUAL(rows.str(), "A  B\nx\n");
}

CAF_TEST(a screen shows what fits and counts the rest) {
  CAF_CHECK_EQUAL(fitted("a\nb\nc\n", {4, 80}), "a\nb\nc\n");
  CAF_CHECK_EQUAL(fitted("a\nb\nc\n", {3, 80}), "a\nand 2 more lines\n");
  CAF_CHECK_EQUAL(fitted("a\nb\n", {1, 80}), "and 2 more lines\n");
  CAF_CHECK_EQUAL(fitted("abcdef\n", {10, 3}), "abc\n");
  // Colours take no room, and the last one is not cut off.
  CAF_CHECK_EQUAL(fitted("\x1b[31mabcd\x1b[0m\n", {10, 3}),
                  "\x1b[31mabc\x1b[0m\n");
}

CAF_TEST(members that are absent or odd are empty) {
  const auto object
    = json::parse(R"({"s": "a\u001b", "n": 2.5, "null": null, "list": [1]})");
  CAF_CHECK_EQUAL(text(object, "s"), "a\\x1b");
  for (const auto* key : {"n", "null", "list", "absent"})
    CAF_CHECK_EQUAL(text(object, key), "");
  CAF_CHECK_EQUAL(number(object, "n"), 2.5);
  for (const auto* key : {"s", "null", "list", "absent"})
    CAF_CHECK_EQUAL(number(object, key), 0.0);
  CAF_CHECK_EQUAL(count(json{{"n", 12345678901.0}}, "n"), "12345678901");
}

CAF_TEST(bytes have the unit that keeps them short) {
  const std::pair<double, std::string_view> rows[] = {
    {0, "0 B"},
    {1023, "1023 B"},
    {1024, "1.0 KiB"},
    {99 * 1024, "99.0 KiB"},
    {100 * 1024, "100 KiB"},
    {1024 * 1024, "1.0 MiB"},
    {5.5 * 1024 * 1024 * 1024, "5.5 GiB"},
    {2048.0 * 1024 * 1024 * 1024 * 1024, "2048 TiB"},
  };
  for (const auto& [value, text] : rows)
    CAF_CHECK_EQUAL(bytes(value), text);
}

CAF_TEST(times have the unit that keeps them short) {
  const std::pair<double, std::string_view> short_ones[] = {
    {0, "0.00 ms"},  {9.99, "9.99 ms"}, {10, "10 ms"},
    {999, "999 ms"}, {1000, "1.0 s"},   {90'000, "1m 30s"},
  };
  for (const auto& [value, text] : short_ones)
    CAF_CHECK_EQUAL(milliseconds(value), text);
  const std::pair<double, std::string_view> long_ones[] = {
    {0, "0.0 s"},       {59.9, "59.9 s"}, {60, "1m 00s"},
    {3599, "59m 59s"},  {3600, "1h 00m"}, {86'399, "23h 59m"},
    {86'400, "1d 00h"}, {1e6, "11d 13h"},
  };
  for (const auto& [value, text] : long_ones)
    CAF_CHECK_EQUAL(seconds(value), text);
}

CAF_TEST(a clock shows the local time of day) {
  ::setenv("TZ", "UTC-2", 1); // two hours ahead
  ::tzset();
  CAF_CHECK_EQUAL(aps::ctl::clock(0), "02:00:00.000");
  CAF_CHECK_EQUAL(aps::ctl::clock(784'111'777'042.0), "10:49:37.042");
  ::unsetenv("TZ");
  ::tzset();
}

CAF_TEST(what is no terminal has no size) {
  ::setenv("TERM", "dumb", 1);
  CAF_CHECK(!terminal_size());
  ::unsetenv("TERM");
  CAF_CHECK(!terminal_size());
}

CAF_TEST_FIXTURE_SCOPE_END()
