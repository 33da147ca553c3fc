#define CAF_SUITE event_id

#include "actors/admin/event_id.hpp"
#include "tests/support/test.hpp"

using namespace aps::admin;

CAF_TEST(an_id_is_read_as_it_was_written) {
  for (const uint64_t serial : {uint64_t{0}, uint64_t{1}, UINT64_MAX})
    CAF_CHECK(read_event_id(event_id("abc", serial), "abc") == serial);
  CAF_CHECK_EQUAL(event_id("abc", 7), "abc-7");
}

CAF_TEST(in_another_life_of_the_node_everything_is_news) {
  for (const auto* other : {"abd-7", "abc", "abc-", "abc-x", "7", "abcd-7"})
    CAF_CHECK(read_event_id(other, "abc") == 0u);
  CAF_CHECK(!read_event_id("", "abc"));
}
