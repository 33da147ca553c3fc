#define CAF_SUITE router

#include "actors/admin/router.hpp"
#include "tests/support/test.hpp"

#include <set>

using namespace aps;

CAF_TEST(no_two_resources_are_the_same) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& resource : admin::resources())
    CAF_CHECK(seen.emplace(resource.method, resource.pattern).second);
}

CAF_TEST(what_changes_something_or_tells_of_traffic_needs_the_token) {
  const std::set<std::string_view> open{"/.api/health", "/.api/ready",
                                        "/.admin/**", "/.admin", "/"};
  for (const auto& resource : admin::resources()) {
    CAF_MESSAGE(resource.pattern);
    CAF_CHECK_EQUAL(resource.access == admin::access::open,
                    open.contains(resource.pattern));
    if (resource.access == admin::access::open)
      CAF_CHECK_EQUAL(resource.method, "GET");
  }
}

CAF_TEST(every_pattern_finds_its_own_resource_first) {
  for (const auto& wanted : admin::resources()) {
    std::string path;
    for (const char c : wanted.pattern)
      path += c == '*' ? 'x' : c;
    for (const auto& resource : admin::resources()) {
      std::vector<std::string> names;
      if (resource.method != wanted.method
          || !admin::matches(resource.pattern, path, names))
        continue;
      CAF_CHECK_EQUAL(resource.pattern, wanted.pattern);
      break;
    }
  }
}

CAF_TEST(every_resource_has_somebody_who_serves_it) {
  for (const auto& resource : admin::resources())
    CAF_CHECK(resource.serve != nullptr);
}
