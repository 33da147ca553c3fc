#define CAF_SUITE agent_guesses

#include "actors/base/access/agent_guesses.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

void guess(agent_guesses& uut, int times, std::string_view peer,
           time_point now = start) {
  for (int i = 0; i < times; ++i)
    uut.note(peer, "t", now);
}

} // namespace

CAF_TEST(ten guesses at once and then one in a second) {
  agent_guesses uut;
  guess(uut, 9, "192.0.2.1:1");
  CAF_CHECK(!uut.too_many("192.0.2.1:2", "t", start));
  guess(uut, 1, "192.0.2.1:3");
  CAF_CHECK(uut.too_many("192.0.2.1:4", "t", start));
  CAF_CHECK(uut.too_many("192.0.2.1:4", "t", start + 900ms));
  CAF_CHECK(!uut.too_many("192.0.2.1:4", "t", start + 1s));
  guess(uut, 1, "192.0.2.1:5", start + 1s);
  CAF_CHECK(uut.too_many("192.0.2.1:4", "t", start + 1s));
}

CAF_TEST(others do not have to wait) {
  agent_guesses uut;
  guess(uut, 20, "192.0.2.1:1");
  CAF_CHECK(uut.too_many("192.0.2.1:1", "t", start));
  CAF_CHECK(!uut.too_many("192.0.2.2:1", "t", start));
  CAF_CHECK(!uut.too_many("192.0.2.1:1", "u", start));
}

CAF_TEST(a network of IPv6 is one address) {
  agent_guesses uut;
  guess(uut, 10, "[2001:db8::1]:1");
  CAF_CHECK(uut.too_many("[2001:db8::2]:7", "t", start));
  CAF_CHECK(!uut.too_many("[2001:db8:0:1::1]:1", "t", start));
}

CAF_TEST(who is wrong now and then keeps nobody out) {
  agent_guesses uut;
  for (int i = 0; i < 1000; ++i) {
    const auto now = start + i * 2s;
    guess(uut, 2, "192.0.2.1:1", now);
    CAF_CHECK(!uut.too_many("192.0.2.1:2", "t", now));
  }
}
