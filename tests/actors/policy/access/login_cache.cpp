#define CAF_SUITE login_cache

#include "actors/policy/access/login_cache.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};
const header_list alice{{"Remote-User", "alice"}};
const header_list bob{{"Remote-User", "bob"}};

} // namespace

CAF_TEST(an answer is known as long as its asker wants) {
  login_cache uut;
  const auto mark = uut.mark_of("question");
  CAF_CHECK(!uut.find(mark, 10s, start));
  uut.add(mark, alice, start);
  CAF_CHECK(uut.find(mark, 10s, start + 9s) == alice);
  CAF_CHECK(!uut.find(mark, 10s, start + 10s));
  CAF_CHECK(!uut.find(mark, 5s, start + 9s));
  CAF_CHECK(!uut.find(uut.mark_of("another"), 10s, start));
  uut.add(mark, bob, start + 10s);
  CAF_CHECK(uut.find(mark, 10s, start + 19s) == bob);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST(a mark is of one question and one key) {
  login_cache one;
  login_cache other;
  CAF_CHECK_EQUAL(one.mark_of("a"), one.mark_of("a"));
  CAF_CHECK_NOT_EQUAL(one.mark_of("a"), one.mark_of("b"));
  CAF_CHECK_NOT_EQUAL(one.mark_of("a"), other.mark_of("a"));
}

CAF_TEST(the oldest answers make room) {
  login_cache uut;
  for (size_t i = 0; i < login_cache::most + 10; ++i)
    uut.add(std::to_string(i), alice, start);
  CAF_CHECK_EQUAL(uut.size(), login_cache::most);
  CAF_CHECK(!uut.find("9", 10s, start));
  CAF_CHECK(uut.find("10", 10s, start));
}
