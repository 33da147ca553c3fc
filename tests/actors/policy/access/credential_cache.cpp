#define CAF_SUITE credential_cache

#include "actors/policy/access/credential_cache.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

} // namespace

CAF_TEST(what was right is known for a while) {
  credential_cache uut;
  const auto mark = uut.mark_of({"alice", "secret"});
  CAF_CHECK(!uut.knows(mark, start));
  uut.add(mark, start);
  CAF_CHECK(uut.knows(mark, start));
  CAF_CHECK(uut.knows(mark, start + credential_cache::lifetime - 1ms));
  CAF_CHECK(!uut.knows(mark, start + credential_cache::lifetime));
  uut.add(mark, start + credential_cache::lifetime);
  CAF_CHECK(uut.knows(mark, start + credential_cache::lifetime));
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST(a mark is of one name one password and one key) {
  credential_cache one;
  credential_cache other;
  const auto mark = one.mark_of({"alice", "secret"});
  CAF_CHECK_EQUAL(mark, one.mark_of({"alice", "secret"}));
  CAF_CHECK_NOT_EQUAL(mark, other.mark_of({"alice", "secret"}));
  CAF_CHECK_NOT_EQUAL(mark, one.mark_of({"alice", "secre"}));
  CAF_CHECK_NOT_EQUAL(mark, one.mark_of({"alices", "ecret"}));
  CAF_CHECK_EQUAL(mark.find("secret"), std::string::npos);
}

CAF_TEST(the oldest make room) {
  credential_cache uut;
  for (size_t i = 0; i < credential_cache::most + 10; ++i)
    uut.add(std::to_string(i), start);
  CAF_CHECK_EQUAL(uut.size(), credential_cache::most);
  CAF_CHECK(!uut.knows("9", start));
  CAF_CHECK(uut.knows("10", start));
  uut.add("late", start + credential_cache::memory);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}
