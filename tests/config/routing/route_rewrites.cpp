#define CAF_SUITE config.route_rewrites

#include "tests/support/test.hpp"

#include "config/routing/route_rewrites.hpp"

using namespace aps;

CAF_TEST(parameters are removed set and added) {
  const route_rewrites::changes uut{
    {.remove = {"u"}, .set = {{"s", "{user}"}}, .add = {{"t u", "1"}}}};
  const auto change = [&](std::string_view path, std::string user) {
    return changed_query(path, uut, [&](const text_template& text) {
      return text_values{.user = user}.expand(text);
    });
  };
  CAF_CHECK_EQUAL(change("/a", "x"), "/a?s=x&t%20u=1");
  CAF_CHECK_EQUAL(change("/a?", "x"), "/a?s=x&t%20u=1");
  CAF_CHECK_EQUAL(change("/a?b=%20&u=1&s=2&u&%75=3", "x"),
                  "/a?b=%20&s=x&t%20u=1");
  CAF_CHECK_EQUAL(change("/a?b&&c", "x&y=z#\r\n%"),
                  "/a?b&c&s=x%26y%3Dz%23%25&t%20u=1");
}
