#define CAF_SUITE login_limit

#include "actors/policy/limits/login_limit.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(a few guesses are free and then pauses double) {
  login_limit uut;
  for (uint32_t i = 0; i + 1 < login_limit::burst; ++i) {
    uut.on_failure("a", start);
    CAF_CHECK(uut.wait("a", start) == 0s);
  }
  auto now = start;
  duration expected = login_limit::first_pause;
  for (int i = 0; i < 12; ++i) {
    uut.on_failure("a", now);
    CAF_CHECK(uut.wait("a", now) == expected);
    CAF_CHECK(uut.wait("b", now) == 0s);
    now += expected;
    CAF_CHECK(uut.wait("a", now) == 0s);
    expected = std::min<duration>(expected * 2, login_limit::longest_pause);
  }
}

CAF_TEST(a minute of guessing is a few guesses) {
  login_limit uut;
  int looked_at = 0;
  for (auto now = start; now < start + 60s; now += 1ms)
    if (uut.wait("a", now) == 0s) {
      ++looked_at;
      uut.on_failure("a", now);
    }
  CAF_CHECK(looked_at <= 16);
}

CAF_TEST(the right secret ends the pauses and so does time) {
  login_limit uut;
  for (int i = 0; i < 10; ++i)
    uut.on_failure("a", start);
  CAF_CHECK(uut.wait("a", start) > 0s);
  uut.on_success("a");
  CAF_CHECK(uut.wait("a", start) == 0s);
  CAF_CHECK_EQUAL(uut.size(), 0u);
  for (int i = 0; i < 10; ++i)
    uut.on_failure("a", start);
  uut.on_failure("a", start + 1h);
  CAF_CHECK(uut.wait("a", start + 1h) == 0s);
}

CAF_TEST(pauses go on growing until every guess is forgiven) {
  for (const auto& [forgiven, expected] :
       {std::pair{login_limit::burst - 1, 2 * login_limit::first_pause},
        std::pair{login_limit::burst, login_limit::first_pause}}) {
    login_limit uut;
    for (uint32_t i = 0; i < login_limit::burst; ++i)
      uut.on_failure("a", start);
    const auto later = start + login_limit::first_pause
                       + forgiven * login_limit::refill;
    for (uint32_t i = 0; i < 20 && uut.wait("a", later) == 0s; ++i)
      uut.on_failure("a", later);
    CAF_CHECK(uut.wait("a", later) == expected);
  }
}

CAF_TEST(many addresses that guess take bounded room) {
  login_limit uut;
  for (int i = 0; i < 5000; ++i)
    uut.on_failure(std::to_string(i), start + i * 1ms);
  CAF_CHECK_EQUAL(uut.size(), login_limit::most_addresses);
}
