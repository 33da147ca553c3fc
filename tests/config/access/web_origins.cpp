#define CAF_SUITE config.web_origins

#include "tests/support/test.hpp"

#include "config/access/web_origins.hpp"

using namespace aps::config;

namespace {

struct listed_row {
  const char* origin;
  bool listed;
};

} // namespace

CAF_TEST(patterns list the origins that they name) {
  const std::vector<std::string> patterns{
    "https://app.test", "http://LOCALHOST:3000", "https://*.pages.test",
    "http://[::1]:80", "http://192.0.2.1:8080"};
  for (const auto& [origin, listed] : std::vector<listed_row>{
         {"https://app.test", true},
         {"https://app.test:443", true},
         {"HTTPS://APP.TEST", true},
         {"https://app.test.", true},
         {"http://app.test", false},
         {"https://app.test:8443", false},
         {"https://app.test/", false},
         {"https://app.test:", false},
         {"https://user@app.test", false},
         {"https://app.test.evil", false},
         {"https://evil-app.test", false},
         {"https://x.app.test", false},
         {"app.test", false},
         {"//app.test", false},
         {"h2c://localhost:3000", false},
         {"http://localhost:3000", true},
         {"http://localhost", false},
         {"https://a.pages.test", true},
         {"https://a.b.pages.test", true},
         {"https://pages.test", false},
         {"https://.pages.test", false},
         {"https://xpages.test", false},
         {"https://a.pages.test:444", false},
         {"http://a.pages.test", false},
         {"http://[::1]", true},
         {"http://[0:0::1]", true},
         {"http://192.0.2.1:8080", true},
         {"null", false},
         {"", false},
         {"*", false},
         {"https://*.pages.test", false},
         {"https://app.test https://evil.test", false},
         {"https://app.test,https://evil.test", false},
         {"chrome-extension://abc", false},
         {"file://", false},
       }) {
    CAF_MESSAGE(origin);
    CAF_CHECK_EQUAL(lists_origin(patterns, origin), listed);
  }
  CAF_CHECK(!lists_origin({}, "https://app.test"));
}

CAF_TEST(what is no pattern is told) {
  for (const auto* text :
       {"https://app.test", "http://app.test:8080", "https://*.app.test:1",
        "http://[::1]:2", "http://localhost", "https://10.0.0.1"})
    CAF_CHECK(is_origin_pattern(text));
  for (const auto* text :
       {"", "*", "app.test", "https://", "https://*", "https://*.",
        "https://*.*.test", "https://a.*.test", "https://app.test/",
        "https://app.test/x", "https://u@app.test", "https://app.test:0",
        "wss://app.test", "h2c://app.test", "null", "https://*.10.0.0.1",
        "https://app.test:", "https://a.test,https://b.test"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!is_origin_pattern(text));
  }
}

CAF_TEST(an origin is the same by host and port) {
  struct row {
    const char* origin;
    web_address to;
    bool same;
  };
  const std::vector<row> rows{
    {"http://app.test", {"app.test", 0, false}, true},
    {"http://app.test", {"APP.test.", 0, false}, true},
    {"http://app.test", {"app.test", 80, false}, true},
    {"http://app.test:80", {"app.test", 0, false}, true},
    {"http://app.test:8080", {"app.test", 8080, false}, true},
    {"http://app.test:8080", {"app.test", 0, false}, false},
    {"http://app.test", {"app.test", 8080, false}, false},
    {"https://app.test", {"app.test", 0, true}, true},
    {"https://app.test", {"app.test", 443, true}, true},
    {"https://app.test", {"app.test", 8443, true}, false},
    // Somebody in front of us has ended TLS.
    {"https://app.test", {"app.test", 0, false}, true},
    {"https://app.test", {"app.test", 443, false}, true},
    // And nobody can have taken it away.
    {"http://app.test", {"app.test", 0, true}, false},
    {"http://app.test:443", {"app.test", 443, true}, false},
    {"http://x.app.test", {"app.test", 0, false}, false},
    {"http://app.test.evil", {"app.test", 0, false}, false},
    {"http://[::1]:1", {"::1", 1, false}, true},
    {"null", {"app.test", 0, false}, false},
    {"null", {"null", 0, false}, false},
    {"", {"", 0, false}, false},
  };
  for (const auto& [origin, to, same] : rows) {
    CAF_MESSAGE(origin << " asks " << to.host << ":" << to.port);
    CAF_CHECK_EQUAL(is_same_origin(origin, to), same);
  }
}

CAF_TEST(a rule is one of three) {
  using kind = origin_rule::kind;
  const web_address here{"app.test", 0, false};
  CAF_CHECK(allows({}, "https://evil.test", here));
  CAF_CHECK(allows({}, "null", here));
  const origin_rule same{kind::same};
  CAF_CHECK(allows(same, "http://app.test", here));
  CAF_CHECK(!allows(same, "http://other.test", here));
  const origin_rule listed{kind::listed, {"http://other.test"}};
  CAF_CHECK(allows(listed, "http://other.test", here));
  CAF_CHECK(!allows(listed, "http://app.test", here));
}
