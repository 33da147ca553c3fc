#define CAF_SUITE guess_pauses

#include "actors/policy/access/guess_pauses.hpp"

#include "tests/support/test.hpp"

#include <string>

using namespace aps;

namespace {

constexpr time_point start{std::chrono::hours(2)};
constexpr auto none = duration::zero();

struct fixture {
  /// As many as one may have wrong.
  void guess(const std::string& address, const std::string& user) {
    for (uint32_t i = 0; i < login_limit::burst; ++i)
      uut.on_wrong(address, user, start);
  }

  guess_pauses uut{std::string(16, 'k')};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(guess_pauses_tests, fixture)

CAF_TEST(nobody waits before somebody guessed) {
  CAF_CHECK(uut.pause("a", "u", start) == none);
  CAF_CHECK(uut.pause_of_login("a", "u", "mark", start) == none);
}

CAF_TEST(an address that guesses waits for every name) {
  guess("a", "u");
  CAF_CHECK(uut.pause("a", "u", start) > none);
  CAF_CHECK(uut.pause("a", "v", start) > none);
  CAF_CHECK(uut.pause("a", {}, start) > none);
  CAF_CHECK(uut.pause("b", "v", start) == none);
}

CAF_TEST(a name that is guessed at waits from everywhere) {
  guess("a", "u");
  CAF_CHECK(uut.pause("b", "u", start) > none);
  CAF_CHECK(uut.pause("b", {}, start) == none);
}

CAF_TEST(what has no name slows its address alone) {
  guess("a", {});
  CAF_CHECK(uut.pause("a", "u", start) > none);
  CAF_CHECK(uut.pause("b", "u", start) == none);
}

CAF_TEST(a right password forgives the address but not the name) {
  guess("a", "u");
  uut.on_right("a");
  CAF_CHECK(uut.pause("a", "v", start) == none);
  CAF_CHECK(uut.pause("a", "u", start) > none);
}

CAF_TEST(who was in does not wait for others who guess) {
  uut.remember("a", "u", "mark", start);
  guess("b", "u");
  CAF_CHECK(uut.pause("a", "u", start) > none);
  CAF_CHECK(uut.pause_of_login("a", "u", "mark", start) == none);
  CAF_CHECK(uut.pause_of_login("a", "u", "other", start) > none);
  CAF_CHECK(uut.pause_of_login("b", "u", "mark", start) > none);
}

CAF_TEST_FIXTURE_SCOPE_END()
