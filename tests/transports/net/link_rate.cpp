#define CAF_SUITE link_rate

#include "transports/net/link_rate.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

struct fixture {
  size_t admitted(const std::string& address, size_t wanted) {
    size_t out = 0;
    for (size_t i = 0; i < wanted; ++i)
      out += uut.admit(address, now);
    return out;
  }

  link_rate uut;
  time_point now{1h};
};

constexpr auto burst = static_cast<size_t>(link_rate::burst);
constexpr auto per_second = static_cast<size_t>(link_rate::per_second);

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_rate_tests, fixture)

CAF_TEST(an address opens some links at once and then so many per second) {
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
  CAF_CHECK_EQUAL(admitted("192.0.2.2", 1), 1u);
  now += 4s;
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), 4 * per_second);
  now += 1h;
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
}

CAF_TEST(agents that prove themselves are never slowed) {
  for (int i = 0; i < 1000; ++i) {
    CAF_REQUIRE(uut.admit("192.0.2.1", now));
    uut.give_back("192.0.2.1");
  }
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
}

CAF_TEST(addresses beyond the most count as one) {
  for (size_t i = 0; i < link_rate::most_addresses; ++i)
    admitted("a" + std::to_string(i), 1);
  CAF_CHECK_EQUAL(admitted("b1", 1000), burst);
  CAF_CHECK_EQUAL(admitted("b2", 1), 0u);
  CAF_CHECK(uut.size() <= link_rate::most_addresses + 1);
  now += 1h;
  CAF_CHECK_EQUAL(admitted("b2", 1000), burst);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
