#define CAF_SUITE address_rate

#include "transports/net/admission/address_rate.hpp"

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

  static constexpr size_t burst = 250;
  static constexpr size_t per_second = 25;

  address_rate uut{burst, per_second};
  time_point now{1h};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(address_rate_tests, fixture)

CAF_TEST(an address has some at once and then so many per second) {
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
  CAF_CHECK_EQUAL(admitted("192.0.2.2", 1), 1u);
  now += 4s;
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), 4 * per_second);
  now += 1h;
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
}

CAF_TEST(what is given back never slows) {
  for (int i = 0; i < 1000; ++i) {
    CAF_REQUIRE(uut.admit("192.0.2.1", now));
    uut.give_back("192.0.2.1");
  }
  CAF_CHECK_EQUAL(admitted("192.0.2.1", 1000), burst);
}

CAF_TEST(the rate is kept at any pace) {
  struct row {
    double burst;
    double per_second;
    std::chrono::milliseconds pause; // between two
    size_t tries;
    size_t admitted;
  };
  const row rows[] = {
    {10, 1, 0ms, 100, 10},     // all at once
    {10, 1, 1000ms, 100, 100}, // as fast as it may be
    {10, 1, 2000ms, 100, 100}, // slower
    {10, 1, 500ms, 20, 19},    // twice as fast: half of them after the burst
    {10, 1, 100ms, 100, 19},   // ten times as fast
    {1, 1, 999ms, 3, 2},       // never two within a second
    {1, 0.1, 1000ms, 21, 3},   {1000, 100, 1ms, 2000, 1199},
  };
  for (const auto& row : rows) {
    address_rate rate{row.burst, row.per_second};
    size_t out = 0;
    auto at = now;
    for (size_t i = 0; i < row.tries; ++i, at += row.pause)
      out += rate.admit("192.0.2.1", at);
    CAF_MESSAGE(row.burst << " " << row.per_second << " " << row.tries);
    CAF_CHECK_EQUAL(out, row.admitted);
  }
}

CAF_TEST(addresses beyond the most count as one) {
  for (size_t i = 0; i < address_rate::most_addresses; ++i)
    admitted("a" + std::to_string(i), 1);
  CAF_CHECK_EQUAL(admitted("b1", 1000), burst);
  CAF_CHECK_EQUAL(admitted("b2", 1), 0u);
  CAF_CHECK(uut.size() <= address_rate::most_addresses + 1);
  now += 1h;
  CAF_CHECK_EQUAL(admitted("b2", 1000), burst);
  CAF_CHECK_EQUAL(uut.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
