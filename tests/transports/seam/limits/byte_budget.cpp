#define CAF_SUITE byte_budget

#include "transports/seam/limits/byte_budget.hpp"

#include "tests/support/test.hpp"

#include <limits>

using namespace aps;

CAF_TEST(nobody takes more than there is) {
  byte_budget uut{10};
  CAF_CHECK(uut.take(6));
  CAF_CHECK(!uut.take(5));
  CAF_CHECK(!uut.take(std::numeric_limits<size_t>::max()));
  CAF_CHECK_EQUAL(uut.taken(), 6u);
  CAF_CHECK(uut.take(4));
  CAF_CHECK(uut.take(0));
  CAF_CHECK(!uut.take(1));
  uut.give(10);
  CAF_CHECK_EQUAL(uut.taken(), 0u);
}

CAF_TEST(a share goes back once) {
  const auto all = std::make_shared<byte_budget>(10);
  {
    byte_share first{all};
    CAF_CHECK(first.grow(3));
    CAF_CHECK(first.grow(4));
    CAF_CHECK(!first.grow(4));
    CAF_CHECK_EQUAL(all->taken(), 7u);
    byte_share moved{std::move(first)};
    CAF_CHECK_EQUAL(all->taken(), 7u);
    moved.clear();
    CAF_CHECK_EQUAL(all->taken(), 0u);
    CAF_CHECK(moved.grow(10));
  }
  CAF_CHECK_EQUAL(all->taken(), 0u);
}
