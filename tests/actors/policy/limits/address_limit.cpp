#define CAF_SUITE address_limit

#include "actors/policy/limits/address_limit.hpp"
#include "tests/support/test.hpp"

#include <string>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(the_first_of_each_address_is_told_and_the_rest_counted) {
  address_limit uut{8, 10s};
  CAF_CHECK(!uut.pending());
  CAF_CHECK(uut.admit("a", start));
  CAF_CHECK(uut.admit("b", start + 1s));
  CAF_CHECK(!uut.admit("a", start + 2s));
  CAF_CHECK(!uut.admit("a", start + 9s));
  CAF_CHECK_EQUAL(uut.size(), 2u);
  CAF_CHECK(uut.expire(start + 9s).empty());
  const auto summaries = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(summaries.size(), 1u);
  CAF_CHECK_EQUAL(summaries[0].address, "a");
  CAF_CHECK_EQUAL(summaries[0].left_out, 2u);
  // The window of "b" goes on, and ends with nothing to tell.
  CAF_CHECK(uut.pending());
  CAF_CHECK(!uut.admit("b", start + 10s));
  CAF_CHECK(uut.admit("a", start + 10s));
  CAF_CHECK_EQUAL(uut.expire(start + 11s).size(), 1u);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST(addresses_beyond_the_most_count_as_one) {
  address_limit uut{2, 10s};
  CAF_CHECK(uut.admit("a", start));
  CAF_CHECK(uut.admit("b", start));
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(!uut.admit(std::to_string(i), start + 1s));
  CAF_CHECK(!uut.admit("a", start + 1s)); // known all the same
  CAF_CHECK_EQUAL(uut.size(), 3u);
  const auto all = uut.expire(start + 11s);
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK_EQUAL(all[0].address, "");
  CAF_CHECK_EQUAL(all[0].left_out, 100u);
  CAF_CHECK_EQUAL(all[1].address, "a");
  CAF_CHECK(!uut.pending());
  CAF_CHECK(uut.admit("c", start + 11s));
}
