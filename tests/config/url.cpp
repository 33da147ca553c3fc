#define CAF_SUITE config.url

#include "tests/support/test.hpp"

#include "config/config.hpp"

using namespace aps::config;

namespace {

struct good {
  std::string text;
  url expected;
  std::string shown; ///< by str()
};

struct bad {
  std::string text;
  std::string error;
};

} // namespace

CAF_TEST(a URL is taken apart and written again) {
  const std::vector<good> rows{
    {"http://a", {"http", "a", 80, ""}, "http://a"},
    {"https://a", {"https", "a", 443, ""}, "https://a"},
    {"HTTP://Example.COM:8080/Path",
     {"http", "example.com", 8080, "/Path"},
     "http://example.com:8080/Path"},
    {"http://a:80/", {"http", "a", 80, "/"}, "http://a/"},
    {"https://a:80", {"https", "a", 80, ""}, "https://a:80"},
    {"http://[::1]:81/x", {"http", "::1", 81, "/x"}, "http://[::1]:81/x"},
    {"http://[FE80:0::1]", {"http", "fe80::1", 80, ""}, "http://[fe80::1]"},
    {"http://127.0.0.1:1/a%2Fb;c=d@e",
     {"http", "127.0.0.1", 1, "/a%2Fb;c=d@e"},
     "http://127.0.0.1:1/a%2Fb;c=d@e"},
    {"http://my_host-1.example.",
     {"http", "my_host-1.example.", 80, ""},
     "http://my_host-1.example."},
    {"H2C://a:8080/b", {"http", "a", 8080, "/b", true}, "h2c://a:8080/b"},
    {"h2c://a", {"http", "a", 80, "", true}, "h2c://a"},
  };
  for (const auto& [text, expected, shown] : rows) {
    CAF_MESSAGE(text);
    std::string error;
    const auto parsed = parse_url(text, false, error);
    CAF_CHECK_EQUAL(error, "");
    CAF_REQUIRE(parsed.has_value());
    CAF_CHECK(*parsed == expected);
    CAF_CHECK_EQUAL(parsed->str(), shown);
  }
}

CAF_TEST(a trailing star of a prefix is dropped) {
  std::string error;
  for (const auto& [text, path] :
       std::vector<std::pair<std::string, std::string>>{{"http://a*", ""},
                                                        {"http://a:1*", ""},
                                                        {"http://a/*", "/"},
                                                        {"http://a/b*", "/b"},
                                                        {"http://a/b/*", "/b/"},
                                                        {"http://a/b", "/b"}}) {
    const auto parsed = parse_url(text, true, error);
    CAF_REQUIRE(parsed.has_value());
    CAF_CHECK_EQUAL(parsed->path, path);
  }
}

CAF_TEST(what is not a URL says why) {
  const std::string star = "a \"*\" that does not end a \"from\"";
  const std::string encode = "a character that must be percent-encoded";
  const std::string port = "a port outside 1 to 65535";
  const std::vector<bad> rows{
    {"", "no scheme"},
    {"example.com", "no scheme"},
    {"//example.com", "no scheme"},
    {"ftp://a", "another scheme"},
    {"h2c://a", "another scheme"}, // no visitor says so
    {"http://", "no host"},
    {"http:///x", "no host"},
    {"http://:80", "no host"},
    {"http://a b", "an invalid host"},
    {"http://a..b", "an invalid host"},
    {"http://-a", "an invalid host"},
    {"http://256.1.1.1", "an invalid host"},
    {"http://1.2.3", "an invalid host"},
    {"http://b\xC3", "an invalid host"},
    {"http://::1", "no host"},
    {"http://[::1", "an invalid host"},
    {"http://[]", "an invalid host"},
    {"http://[::1]x", "an invalid host"},
    {"http://[::g]", "an invalid host"},
    {"http://[1.2.3.4]", "an invalid host"},
    {"http://" + std::string(64, 'a'), "an invalid host"},
    {"http://a:", port},
    {"http://a:0", port},
    {"http://a:65536", port},
    {"http://a:+80", port},
    {"http://a:8o", port},
    {"http://[::1]:", port},
    {"http://u@a", "a user or password"},
    {"http://u:p@a/", "a user or password"},
    {"http://a?q", "a query"},
    {"http://a/x?q", "a query"},
    {"http://a#f", "a fragment"},
    {"http://a/x*/y", star},
    {"http://a/x**", star},
    {"http://a/x y", encode},
    {"http://a/%4", encode},
    {"http://a/%zz", encode},
    {"http://a/\xC3\xBC", encode},
    {std::string{"http://a/\0", 10}, encode},
    {std::string{"http://a\0", 9}, "an invalid host"},
  };
  for (const auto& [text, expected] : rows) {
    CAF_MESSAGE(text);
    std::string error;
    CAF_CHECK(!parse_url(text, true, error).has_value());
    CAF_CHECK_EQUAL(error, expected);
  }
}
