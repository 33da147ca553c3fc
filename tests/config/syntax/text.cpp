#define CAF_SUITE config.text

#include "tests/support/test.hpp"

#include "config/syntax/text.hpp"

using namespace aps::config;

namespace {

using words = std::vector<std::string>;

std::string x(size_t count) {
  return std::string(count, 'x');
}

} // namespace

CAF_TEST(a quoted text is one line and short) {
  CAF_CHECK_EQUAL(quote("a\"b\n"), "\"a\\\"b\\n\"");
  CAF_CHECK_EQUAL(quote(x(60)), "\"" + x(60) + "\"");
  CAF_CHECK_EQUAL(quote(x(61)), "\"" + x(60) + "...\"");
  // Never inside a character.
  CAF_CHECK_EQUAL(quote(x(59) + "\xc3\xa4"), "\"" + x(59) + "...\"");
  CAF_CHECK_EQUAL(quote(x(58) + "\xc3\xa4z"),
                  "\"" + x(58) + "\xc3\xa4...\"");
  CAF_CHECK_EQUAL(quote(x(58) + "\xe2\x82\xac"), "\"" + x(58) + "...\"");
  CAF_CHECK_EQUAL(quote("\xff"), "\"\xef\xbf\xbd\"");
  CAF_CHECK_EQUAL(quote("\xc2\x9b"), "\"\\u009b\""); // a CSI in eight bits
}

CAF_TEST(an encoding shows in the first bytes) {
  using namespace std::string_view_literals;
  CAF_CHECK_EQUAL(foreign_encoding("\xff\xfe{\0"sv), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding("\xfe\xff\0{"sv), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding("{\0"sv), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding("\0{"sv), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding("\xff\xfe\0\0{"sv), "UTF-32");
  CAF_CHECK_EQUAL(foreign_encoding("\0\0\xfe\xff"sv), "UTF-32");
  for (const auto text : {""sv, "{"sv, "{}"sv, "\xef\xbb\xbf{}"sv, "\0\0"sv})
    CAF_CHECK_EQUAL(foreign_encoding(text), "");
}

CAF_TEST(a path has quotes where it needs them) {
  CAF_CHECK_EQUAL(member_path("$", "Az-_$09"), "$.Az-_$09");
  CAF_CHECK_EQUAL(member_path("$.a", "b.c"), "$.a[\"b.c\"]");
  CAF_CHECK_EQUAL(member_path("$", ""), "$[\"\"]");
  for (const char* odd : {"a b", "@", "[", "`", "{", "/", ":"})
    CAF_CHECK_EQUAL(member_path("$", odd),
                    "$[\"" + std::string(odd) + "\"]");
  CAF_CHECK_EQUAL(member_path("$", x(61)), "$." + x(60) + "...");
  CAF_CHECK_EQUAL(element_path("$.a", 3), "$.a[3]");
}

CAF_TEST(at most forty words are listed) {
  CAF_CHECK_EQUAL(joined({}), "");
  CAF_CHECK_EQUAL(joined({"a", "b c", "d"}), "a, \"b c\", d");
  const auto all = [](size_t count) { return joined(words(count, "a")); };
  CAF_CHECK(all(40).ends_with("a, a"));
  CAF_CHECK(all(41).ends_with("a, a and 1 more"));
  CAF_CHECK_EQUAL(all(41).size(), all(40).size() + 11);
}

CAF_TEST(the nearest word is a few changes away) {
  const words known{"password", "servers", "max_pool_size", "enabled", "x"};
  struct row {
    const char* word;
    const char* expected;
  };
  const row table[] = {
    {"password", "password"}, {"pasword", "password"},
    {"passwrod", "password"}, {"PASSWORD", "password"},
    {"passwordd", "password"}, {"qassword", "password"},
    {"serves", "servers"},    {"enabeld", "enabled"},
    {"pass", "password"},     {"pool", "max_pool_size"},
    {"x", ""},                {"y", ""},
    {"", ""},                 {"tunnel", ""},
    {"or", ""},
  };
  for (const auto& [word, expected] : table) {
    CAF_MESSAGE(word);
    CAF_CHECK_EQUAL(nearest(word, known), expected);
  }
  // Of two that contain it neither is meant.
  CAF_CHECK_EQUAL(nearest("abc", {"zzzzzzabc", "abcyyyyyy"}), "");
  CAF_CHECK_EQUAL(nearest("abc", {"zzzzzzabc"}), "zzzzzzabc");
  CAF_CHECK_EQUAL(nearest("ab", {"zzzzzzab"}), "");
}

CAF_TEST(about a third of the letters may differ) {
  CAF_CHECK_EQUAL(nearest("abcdef", {"abcdxx"}), "abcdxx");
  CAF_CHECK_EQUAL(nearest("abcdef", {"abcxxx"}), "");
  CAF_CHECK_EQUAL(nearest("abcd", {"abxx"}), "");
  CAF_CHECK_EQUAL(nearest("ab", {"ax"}), "ax");
  CAF_CHECK_EQUAL(nearest("ab", {"xy"}), "");
  // The closest one, and of equals the first.
  CAF_CHECK_EQUAL(nearest("abcdef", {"abcdxx", "abcdex", "xbcdef"}), "abcdex");
  // Of no use for what nobody can have meant.
  CAF_CHECK_EQUAL(nearest(x(128), {x(127)}), x(127));
  CAF_CHECK_EQUAL(nearest(x(129), {x(128)}), "");
  CAF_CHECK_EQUAL(nearest(x(128), {x(129)}), x(129)); // it contains the word
}

CAF_TEST(a swap of neighbours is one change) {
  CAF_CHECK_EQUAL(nearest("ba", {"ab"}), "ab");
  CAF_CHECK_EQUAL(nearest("bacd", {"abcd"}), "abcd");
  CAF_CHECK_EQUAL(nearest("badc", {"abcd"}), "");
  CAF_CHECK_EQUAL(nearest("badcef", {"abcdef"}), "abcdef");
}

CAF_TEST(a line fits into 160 columns) {
  CAF_CHECK_EQUAL(fitted("head: ", "a, b"), "head: a, b");
  CAF_CHECK_EQUAL(fitted("", x(160)), x(160));
  CAF_CHECK_EQUAL(fitted(x(100), x(60)), x(160));
  CAF_CHECK_EQUAL(fitted("", "aaaa, " + x(149) + ", bbbb"),
                  "aaaa, " + x(149) + " ...");
  CAF_CHECK_EQUAL(fitted("", "aaaa, " + x(150) + ", bbbb"), "aaaa ...");
  CAF_CHECK_EQUAL(fitted("", x(161)), " ...");
  // Some words stand behind a head that takes all the room.
  CAF_CHECK_EQUAL(fitted(x(200), std::string(48, 'y')),
                  x(200) + std::string(48, 'y'));
  CAF_CHECK_EQUAL(fitted(x(200), "z " + std::string(47, 'y')),
                  x(200) + "z ...");
}

CAF_TEST(a word may mean another) {
  const words levels{"info", "warning"};
  CAF_CHECK_EQUAL(meant("info", levels), "info");
  CAF_CHECK_EQUAL(meant("warn", levels), "warning");
  CAF_CHECK_EQUAL(meant("warning", {"warn"}), "warn");
  CAF_CHECK_EQUAL(meant("ws", {"grpc", "websocket"}), "websocket");
  CAF_CHECK_EQUAL(meant("ws", levels), "");
  CAF_CHECK_EQUAL(meant("Info", levels), "");
}

CAF_TEST(a name has no controls and up to 128 bytes) {
  for (const auto& good : {x(1), x(128), std::string("a b"),
                           std::string("~ \xc3\x9f \xc2\xa0 \xc2")})
    CAF_CHECK(is_name(good));
  for (const auto& bad :
       {x(0), x(129), std::string("a\n"), std::string("\x1f"),
        std::string("\x7f"), std::string("\xc2\x80"), std::string("a\xc2\x9f")})
    CAF_CHECK(!is_name(bad));
}

CAF_TEST(an address is shown without user and password) {
  const std::pair<const char*, const char*> table[] = {
    {"http://u:p@a/x", "http://a/x"},
    {"http://u:p@a", "http://a"},
    {"http://u:p@w@a?x", "http://a?x"},
    {"http:/u:p@a/", "http:/a/"},
    {"http:u:p@a/", "a/"},
    {"http:\\\\u:p@a/", "http:\\\\a/"},
    {"http:///u:p@a/", "http:///a/"},
    {"u:p@a", "a"},
    {"u@a:80", "a:80"},
    {"http://a/#u:p@", "http://a/"},
    {"http://a#u:p@b", "http://a"},
    {"http://a/@scope/x", "http://a/@scope/x"},
    {"http://a?x=@", "http://a?x=@"},
    {"http://a/", "http://a/"},
    {"a:443", "a:443"},
    {"[::1]:80", "[::1]:80"},
    {"/@scope/x:y@z#w", "/@scope/x:y@z#w"},
    {"*", "*"},
    {"null", "null"},
    {"http://", "http://"},
    {"http:/", "http:/"},
    {"", ""},
  };
  for (const auto& [address, expected] : table) {
    CAF_MESSAGE(address);
    CAF_CHECK_EQUAL(without_user_info(address), expected);
  }
}

CAF_TEST(what is quoted or named shows no password) {
  CAF_CHECK_EQUAL(quote("https://u:p@app.test/"), "\"https://app.test/\"");
  CAF_CHECK_EQUAL(quote("alice@example.com"), "\"alice@example.com\"");
  CAF_CHECK_EQUAL(quote("alice:secret@host"), "\"host\"");
  CAF_CHECK_EQUAL(quote("10:30"), "\"10:30\"");
  const std::pair<const char*, const char*> table[] = {
    {"alice", "alice"},
    {"alice@example.com", "alice@example.com"},
    {"alice:$apr1$x$y", "alice..."},
    {"alice:$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
     "alice..."},
    // What is a name as far as its characters go.
    {"$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "$2y$..."},
    {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
     "9f86..."},
    {"mJ3+x9Zk/q2LwT0vB8nRfY5sD1aG7hKc", "mJ3+..."},
    {"ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_..."},
    {"release-builds-of-the-main-line-2026",
     "release-builds-of-the-main-line-2026"},
    {"550e8400-e29b-41d4-a716-446655440000",
     "550e8400-e29b-41d4-a716-446655440000"},
    {"continuousintegrationserver", "continuousintegrationserver"},
    {"alice secret", "alice..."},
    {":secret", "..."},
    {"", ""},
  };
  for (const auto& [text, expected] : table)
    CAF_CHECK_EQUAL(name_in(text), expected);
}
