#define CAF_SUITE visit_memory

#include "actors/policy/access/visit_memory.hpp"

#include "tests/support/test.hpp"

#include <string>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(2)};

struct fixture {
  bool passes(const std::string& mark, time_point now = start,
              const std::string& address = "a", const std::string& user = "u") {
    return uut.passes(address, user, mark, now);
  }

  void guess(uint32_t times, time_point now = start) {
    for (uint32_t i = 0; i < times; ++i)
      CAF_CHECK(!passes("guess " + std::to_string(guesses++), now));
  }

  visit_memory uut;
  int guesses = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(visit_memory_tests, fixture)

CAF_TEST(who was in passes from there and as nobody else) {
  uut.add("a", "u", "right", start);
  CAF_CHECK(passes("right"));
  CAF_CHECK(!passes("wrong"));
  CAF_CHECK(!passes("right", start, "b"));
  CAF_CHECK(!passes("right", start, "a", "v"));
  CAF_CHECK(!passes("right", start + visit_memory::memory));
}

CAF_TEST(guesses beside it end that and come back one by one) {
  uut.add("a", "u", "right", start);
  guess(visit_memory::burst - 1);
  CAF_CHECK(passes("right"));
  guess(1);
  CAF_CHECK(!passes("right"));
  // However many more there are, and whether it was in meanwhile.
  guess(1000);
  uut.add("a", "u", "right", start);
  CAF_CHECK(!passes("right"));
  const auto later = start + visit_memory::refill + 1ms;
  CAF_CHECK(passes("right", later));
  guess(1, later);
  CAF_CHECK(!passes("right", later));
}

CAF_TEST(a wrong password that is said again counts once) {
  uut.add("a", "u", "right", start);
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK(!passes(i % 2 == 0 ? "former" : "another"));
  CAF_CHECK(passes("right"));
}

CAF_TEST(guesses at others and from elsewhere take nothing from it) {
  uut.add("a", "u", "right", start);
  for (int i = 0; i < 100; ++i) {
    CAF_CHECK(!passes(std::to_string(i), start, "b"));
    CAF_CHECK(!passes(std::to_string(i), start, "a", "v"));
  }
  CAF_CHECK(passes("right"));
}

CAF_TEST(it knows so many and those who were here last) {
  uut.add("a", "u", "first", start);
  uut.add("a", "v", "second", start);
  uut.add("a", "u", "third", start);
  for (size_t i = 0; i < visit_memory::most - 1; ++i)
    uut.add("b", std::to_string(i), "x", start);
  CAF_CHECK_EQUAL(uut.size(), visit_memory::most);
  CAF_CHECK(passes("third"));
  CAF_CHECK(!passes("second", start, "a", "v"));
  uut.add("c", "u", "x", start + visit_memory::memory);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
