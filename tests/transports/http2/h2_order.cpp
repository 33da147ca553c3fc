#define CAF_SUITE h2_order

#include "transports/http2/h2_order.hpp"

#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(new streams are above all so far) {
  h2_order uut;
  CAF_CHECK(uut.admit(1, false));
  CAF_CHECK(uut.admit(9, false)); // those between are over with it
  CAF_CHECK(!uut.admit(3, false));
  CAF_CHECK(!uut.admit(9, false));
  CAF_CHECK(uut.admit(2147483647, false));
  CAF_CHECK_EQUAL(uut.highest(), 2147483647);
}

CAF_TEST(open streams may have trailers) {
  h2_order uut;
  CAF_CHECK(uut.admit(5, false));
  CAF_CHECK(uut.admit(7, false));
  CAF_CHECK(uut.admit(5, true));
  CAF_CHECK(!uut.admit(5, false));
}

CAF_TEST(what we ended may go on for a while) {
  h2_order uut;
  constexpr auto most = static_cast<int32_t>(h2_order::most_rests);
  for (int32_t id = 1; id <= 2 * most + 1; id += 2) {
    CAF_REQUIRE(uut.admit(id, false));
    uut.on_rest(id);
  }
  CAF_CHECK(!uut.admit(1, false)); // forgotten by now
  for (int32_t id = 3; id <= 2 * most + 1; id += 2)
    CAF_REQUIRE(uut.admit(id, false));
}
