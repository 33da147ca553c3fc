#define CAF_SUITE node_front

#include "actors/path/front/node_front.hpp"

#include "tests/simulation/world.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

visitor_request request_for(const std::string& host, uint16_t port,
                            const std::string& path) {
  visitor_request request;
  request.host = host;
  request.port = port;
  request.path = path;
  return request;
}

bool found(world& w, const std::string& host, uint16_t port,
           const std::string& path) {
  const auto decision = w.net().to->admit(request_for(host, port, path));
  const auto* in = std::get_if<visitor_entry>(&decision);
  CAF_CHECK(in == nullptr || in->via != nullptr);
  return in != nullptr;
}

denial denied(world& w, const visitor_request& request) {
  return std::get<denial>(w.net().to->admit(request));
}

} // namespace

CAF_TEST(a_mapping_without_port_is_found_under_any_port) {
  world w{world_options{}};
  CAF_CHECK(found(w, "example.com", 0, "/"));
  CAF_CHECK(found(w, "EXAMPLE.com", 80, "/"));
  CAF_CHECK(found(w, "example.com", 8080, "/"));
  CAF_CHECK(!found(w, "example.org", 0, "/"));
}

CAF_TEST(a_denial_tells_what_there_is_to_this_machine_alone) {
  world w{world_options{}};
  auto request = request_for("example.org", 0, "/");
  const auto foreign = denied(w, request);
  CAF_CHECK_EQUAL(foreign.cause, outcome::no_mapping);
  CAF_CHECK_EQUAL(foreign.detail, "");
  CAF_CHECK_EQUAL(foreign.more, "");
  request.local = true;
  const auto local = denied(w, request);
  CAF_CHECK_EQUAL(local.detail, "");
  CAF_CHECK_NOT_EQUAL(local.more.find("\n  http://example.com"),
                      std::string::npos);
}

CAF_TEST(a_denial_says_what_is_wrong_with_a_path) {
  world w{world_options{}};
  const auto climbing = denied(w, request_for("example.com", 0, "/a/../b"));
  CAF_CHECK_EQUAL(climbing.cause, outcome::no_mapping);
  CAF_CHECK_NOT_EQUAL(climbing.detail, "");
  CAF_CHECK_EQUAL(climbing.more, "");
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
