#define CAF_SUITE exchange_deadlines

#include "transports/front/mapping/exchange_deadlines.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

config::timeouts times(double first_byte, double idle, double total) {
  return {config::seconds{first_byte}, config::seconds{idle},
          config::seconds{total}};
}

} // namespace

CAF_TEST(without timeouts nothing is late) {
  exchange_deadlines uut{nullptr, start};
  CAF_CHECK(!uut.any());
  CAF_CHECK(uut.first_byte(7s) == 7s);
  CAF_CHECK(!uut.look({.answered = true}, start + 100h));
  const auto own = times(3, 0, 0);
  exchange_deadlines other{&own, start};
  CAF_CHECK(!other.any());
  CAF_CHECK(other.first_byte(7s) == 3s);
}

CAF_TEST(silence counts behind the head and while the visitor took all) {
  const auto own = times(0, 2, 0);
  exchange_deadlines uut{&own, start};
  CAF_CHECK(uut.any());
  // No answer yet: others count.
  CAF_CHECK(!uut.look({}, start + 60s));
  CAF_CHECK(!uut.look({.answered = true, .progress = 1}, start + 61s));
  CAF_CHECK(!uut.look({.answered = true, .progress = 1}, start + 62s));
  CAF_CHECK(!uut.look({.answered = true, .progress = 2}, start + 62s));
  CAF_CHECK(
    !uut.look({.answered = true, .held_up = true, .progress = 2}, start + 90s));
  CAF_CHECK(!uut.look({.answered = true, .progress = 2}, start + 91s));
  CAF_CHECK(uut.look({.answered = true, .progress = 2}, start + 92s)
            == outcome::idle_timeout);
}

CAF_TEST(all of it has an end unless it was upgraded) {
  const auto own = times(0, 0, 10);
  exchange_deadlines uut{&own, start};
  CAF_CHECK(!uut.look({.progress = 1}, start + 9s));
  CAF_CHECK(uut.look({.progress = 2}, start + 10s) == outcome::total_timeout);
  CAF_CHECK(uut.look({.answered = true, .progress = 3}, start + 11s)
            == outcome::total_timeout);
  CAF_CHECK(!uut.look({.answered = true, .upgraded = true, .progress = 4},
                      start + 12s));
}

CAF_TEST(what was upgraded may be silent for a while) {
  const auto own = times(0, 5, 1);
  exchange_deadlines uut{&own, start};
  CAF_CHECK(!uut.look({.upgraded = true, .progress = 1}, start + 4s));
  CAF_CHECK(!uut.look({.upgraded = true, .progress = 1}, start + 8s));
  CAF_CHECK(uut.look({.upgraded = true, .progress = 1}, start + 9s)
            == outcome::idle_timeout);
}
