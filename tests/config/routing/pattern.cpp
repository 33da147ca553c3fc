#define CAF_SUITE config.pattern

#include "config/routing/pattern.hpp"

#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(a pattern takes whole texts) {
  const pattern uut{"/a/([0-9]+)"};
  CAF_CHECK(uut.fits("/a/12"));
  CAF_CHECK(!uut.fits("/a/12/"));
  CAF_CHECK(!uut.fits("x/a/12"));
  CAF_CHECK(!uut.fits("/a/12\n"));
  // Any byte is one.
  CAF_CHECK(pattern{"/."}.fits("/\xff"));
  CAF_CHECK(!pattern{"/."}.fits("/\xc3\xa4"));
}

CAF_TEST(groups are found by number and name) {
  const std::string text = "/a/12/bc";
  const pattern uut{"/a/(?P<id>[0-9]+)/(x)?(.*)"};
  const auto found = uut.captures_of(text);
  CAF_REQUIRE_EQUAL(found.groups.size(), 4u);
  CAF_CHECK_EQUAL(found.groups[0], text);
  CAF_CHECK_EQUAL(found.groups[1], "12");
  CAF_CHECK_EQUAL(found.groups[2], "");
  CAF_CHECK_EQUAL(found.groups[3], "bc");
  CAF_REQUIRE_EQUAL(found.names.size(), 1u);
  CAF_CHECK_EQUAL(found.names[0].first, "id");
  CAF_CHECK_EQUAL(found.names[0].second, 1u);
  CAF_CHECK(uut.captures_of("b").groups.empty());
}

CAF_TEST(what is no pattern or too large a one is told) {
  CAF_CHECK_EQUAL(pattern::problem("/a(b|c)*"), "");
  for (const auto& wrong :
       {std::string{}, std::string{"("}, std::string{"a{1001}"},
        std::string{"(a)\\1"}, std::string{"(?=a)"},
        std::string{"((a{30}){30}){30}"}, std::string(1025, 'a')}) {
    CAF_MESSAGE(wrong.substr(0, 30));
    CAF_CHECK_NOT_EQUAL(pattern::problem(wrong), "");
  }
}

CAF_TEST(many patterns are asked at once) {
  std::vector<std::string> all;
  for (int i = 0; i < 1000; ++i)
    all.push_back("/p" + std::to_string(i) + "/[a-z]+/.*");
  all.push_back("/p7/.*");
  const pattern_set uut{all};
  CAF_CHECK(uut.fitting("/p999/abc/d") == (std::vector<int>{999}));
  CAF_CHECK(uut.fitting("/p7/abc/d") == (std::vector<int>{7, 1000}));
  CAF_CHECK(uut.fitting("/p7/1") == (std::vector<int>{1000}));
  CAF_CHECK(uut.fitting("/x") == std::vector<int>{});
}
