#define CAF_SUITE live_endpoints

#include "actors/base/retry/live_endpoints.hpp"

#include "tests/support/test.hpp"

using namespace aps;

using places = std::vector<endpoint_place>;

CAF_TEST(who is there is known by tunnel and name) {
  live_endpoints uut;
  CAF_CHECK(uut.of({"t"}, {}).empty());
  uut.set("t", "a", true);
  uut.set("t", "b", true);
  uut.set("t", "b", true);
  uut.set("u", "a", true);
  CAF_CHECK(uut.of({"t"}, {}) == (places{{"t", "a"}, {"t", "b"}}));
  CAF_CHECK(uut.of({"u", "t"}, {"a"}) == (places{{"u", "a"}, {"t", "a"}}));
  CAF_CHECK(uut.of({"t"}, {"c"}).empty());
  uut.set("t", "a", false);
  CAF_CHECK(uut.of({"t"}, {}) == (places{{"t", "b"}}));
  uut.forget("t");
  uut.forget("t");
  CAF_CHECK(uut.of({"t", "u"}, {}) == (places{{"u", "a"}}));
}
