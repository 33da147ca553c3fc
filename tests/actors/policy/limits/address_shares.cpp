#define CAF_SUITE address_shares

#include "actors/policy/limits/address_shares.hpp"
#include "tests/support/test.hpp"

#include <memory>

using namespace aps;
using namespace std::chrono_literals;

CAF_TEST(a share comes back with the last copy of its guard) {
  const auto uut = std::make_shared<address_shares>();
  auto one = uut->take("192.0.2.1");
  auto copy = one;
  auto other = uut->take("192.0.2.2");
  CAF_CHECK_EQUAL(uut->of("192.0.2.1"), 1u);
  CAF_CHECK_EQUAL(uut->total(), 2u);
  one = nullptr;
  CAF_CHECK_EQUAL(uut->of("192.0.2.1"), 1u);
  copy = nullptr;
  CAF_CHECK_EQUAL(uut->of("192.0.2.1"), 0u);
  CAF_CHECK_EQUAL(uut->total(), 1u);
}

CAF_TEST(a network of IPv6 has one share) {
  const auto uut = std::make_shared<address_shares>();
  auto one = uut->take("2001:db8::1");
  auto two = uut->take("2001:db8::2");
  CAF_CHECK_EQUAL(uut->of("2001:db8::3"), 2u);
}

CAF_TEST(guards may outlive the shares) {
  auto uut = std::make_shared<address_shares>();
  auto one = uut->take("192.0.2.1");
  uut = nullptr;
  one = nullptr;
}

CAF_TEST(a share is a part but enough for one person) {
  CAF_CHECK_EQUAL(share_of(640, 50), 320u);
  CAF_CHECK_EQUAL(share_of(640, 1), 32u);
  CAF_CHECK_EQUAL(share_of(3, 50), 3u);
}

CAF_TEST(whom the configuration trusts has no share) {
  const auto held = std::make_shared<address_shares>();
  std::vector<std::shared_ptr<void>> guards;
  const auto fill = [&](const char* address) {
    for (int i = 0; i < 50; ++i)
      guards.push_back(held->take(address));
  };
  const fair_share half{50, {"10.0.0.0/8"}};
  CAF_CHECK(!half.refuses(*held, "192.0.2.1", 100));
  fill("192.0.2.1");
  CAF_CHECK(half.refuses(*held, "192.0.2.1", 100));
  CAF_CHECK(!half.refuses(*held, "192.0.2.2", 100));
  fill("10.0.0.1");
  CAF_CHECK(!half.refuses(*held, "10.0.0.1", 100));
  CAF_CHECK(!fair_share(100, {}).refuses(*held, "192.0.2.1", 100));
  CAF_CHECK(!fair_share().refuses(*held, "192.0.2.1", 100));
}
