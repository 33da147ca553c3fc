#define CAF_SUITE repeat

#include "actors/policy/repeat.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(the_first_lines_of_a_window_are_written_and_the_rest_summed_up) {
  repeat_limit uut{2, 10s};
  CAF_CHECK(!uut.pending());
  for (const char* key : {"a", "b"}) {
    CAF_CHECK(uut.admit(key, start));
    CAF_CHECK(uut.admit(key, start + 1s));
  }
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(!uut.admit("a", start + 2s));
  CAF_CHECK(uut.expire(start + 9s).empty());
  CAF_CHECK(uut.pending());
  const auto summaries = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(summaries.size(), 1u);
  CAF_CHECK_EQUAL(summaries[0].key, "a");
  CAF_CHECK_EQUAL(summaries[0].left_out, 3u);
  CAF_CHECK(!uut.pending());
  CAF_CHECK(uut.admit("a", start + 10s));
}

CAF_TEST(a_window_begins_with_its_own_first_line) {
  repeat_limit uut{1, 10s};
  CAF_CHECK(uut.admit("a", start));
  CAF_CHECK(uut.admit("b", start + 5s));
  CAF_CHECK(!uut.admit("b", start + 6s));
  CAF_CHECK(uut.expire(start + 10s).empty());
  CAF_CHECK(uut.admit("a", start + 10s));
  CAF_CHECK(!uut.admit("b", start + 10s));
  CAF_CHECK_EQUAL(uut.expire(start + 15s).size(), 1u);
}

CAF_TEST(lines_of_very_many_keys_count_as_one) {
  repeat_limit uut{2, 10s};
  size_t written = 0;
  for (int i = 0; i < 5000; ++i)
    written += uut.admit("key " + std::to_string(i), start);
  CAF_CHECK_EQUAL(written, repeat_limit::max_keys + 2);
  const auto summaries = uut.expire(start + 10s);
  CAF_REQUIRE_EQUAL(summaries.size(), 1u);
  CAF_CHECK_EQUAL(summaries[0].left_out, 5000 - repeat_limit::max_keys - 2);
}
