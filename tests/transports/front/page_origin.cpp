#define CAF_SUITE page_origin

#include "tests/support/test.hpp"

#include "transports/front/page_origin.hpp"

using namespace aps;
using config::origin_rule;

namespace {

using kind = origin_rule::kind;

const config::web_address here{"app.test", 0, false};

header_list asked_by(std::vector<std::string> origins) {
  header_list out{{"Host", "app.test"}};
  for (auto& origin : origins)
    out.push_back({"oRiGiN", std::move(origin)});
  return out;
}

} // namespace

CAF_TEST(who has no origin is no browser) {
  CAF_CHECK_EQUAL(why_foreign({kind::same}, asked_by({}), here), "");
  CAF_CHECK_EQUAL(
    why_foreign({kind::listed, {"http://a.test"}}, asked_by({}), here), "");
  CAF_CHECK_EQUAL(why_no_agent({}, asked_by({})), "");
}

CAF_TEST(pages are told apart by their rule) {
  struct row {
    origin_rule rule;
    std::vector<std::string> origins;
    bool refused;
  };
  const origin_rule listed{kind::listed, {"http://a.test", "https://*.b.test"}};
  const std::vector<row> rows{
    {{}, {"http://evil.test"}, false},
    {{}, {"null"}, false},
    {{}, {"http://app.test", "http://evil.test"}, false},
    {{kind::same}, {"http://app.test"}, false},
    {{kind::same}, {"https://app.test"}, false},
    {{kind::same}, {"http://evil.test"}, true},
    {{kind::same}, {"null"}, true},
    {{kind::same}, {""}, true},
    {{kind::same}, {"http://app.test", "http://app.test"}, true},
    {{kind::same}, {"http://app.test", "http://evil.test"}, true},
    {listed, {"http://a.test"}, false},
    {listed, {"https://x.b.test"}, false},
    {listed, {"http://app.test"}, true},
    {listed, {"http://a.test", "http://a.test"}, true},
  };
  for (const auto& [rule, origins, refused] : rows)
    CAF_CHECK_EQUAL(!why_foreign(rule, asked_by(origins), here).empty(),
                    refused);
}

CAF_TEST(what is refused says why in a line) {
  CAF_CHECK_EQUAL(
    why_foreign({kind::same}, asked_by({"http://evil.test"}), here),
    "A page of http://evil.test may not open a WebSocket here.");
  CAF_CHECK_EQUAL(why_foreign({kind::same}, asked_by({"a", "b"}), here),
                  "There is more than one Origin.");
  CAF_CHECK_EQUAL(why_no_agent({}, asked_by({"http://evil.test"})),
                  "A page of http://evil.test is no agent.");
  const auto long_one
    = why_no_agent({}, asked_by({std::string(9999, 'x') + "\n"}));
  CAF_CHECK_LESS(long_one.size(), 200u);
  CAF_CHECK_EQUAL(long_one.find('\n'), long_one.npos);
}

CAF_TEST(pages that are listed may be agents) {
  const std::vector<std::string> listed{"https://console.test"};
  CAF_CHECK_EQUAL(why_no_agent(listed, asked_by({"https://console.test"})), "");
  CAF_CHECK(!why_no_agent(listed, asked_by({"http://console.test"})).empty());
  CAF_CHECK(!why_no_agent(listed, asked_by({"null"})).empty());
  CAF_CHECK(!why_no_agent(listed, asked_by({"https://console.test",
                                            "https://console.test"}))
               .empty());
}
