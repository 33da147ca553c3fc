#define CAF_SUITE node_front

#include "actors/path/node_front.hpp"

#include "tests/simulation/world.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

bool found(world& w, const std::string& host, uint16_t port,
           const std::string& path) {
  visitor_request request;
  request.host = host;
  request.port = port;
  request.path = path;
  return w.net().to->find(request) != nullptr;
}

} // namespace

CAF_TEST(a_mapping_without_port_is_found_under_any_port) {
  world w{world_options{}};
  CAF_CHECK(found(w, "example.com", 0, "/"));
  CAF_CHECK(found(w, "EXAMPLE.com", 80, "/"));
  CAF_CHECK(found(w, "example.com", 8080, "/"));
  CAF_CHECK(!found(w, "example.org", 0, "/"));
}

CAF_TEST(paths_that_climb_have_no_mapping) {
  world w{world_options{}};
  for (const auto* path : {"/a/../b", "/..", "/a/%2e%2E/b", "/.%2e", "/./..",
                           "/a/..?x=1"})
    CAF_CHECK(!found(w, "example.com", 0, path));
  for (const auto* path : {"/a..b", "/...", "/..a/", "/a/./b", "/a?x=/../", "/.well-known",
                           "*", ""})
    CAF_CHECK(found(w, "example.com", 0, path));
}
