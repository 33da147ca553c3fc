#define CAF_SUITE token_bucket

#include "transports/seam/limits/token_bucket.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

} // namespace

CAF_TEST(a bucket fills with time and no further) {
  token_bucket uut;
  CAF_CHECK(uut.take(3, start, 3, 1));
  CAF_CHECK(!uut.take(1, start, 3, 1));
  CAF_CHECK(!uut.take(1, start + 999ms, 3, 1));
  CAF_CHECK(uut.take(1, start + 1s, 3, 1));
  CAF_CHECK(!uut.take(1, start + 1s, 3, 1));
  CAF_CHECK(uut.take(3, start + 1h, 3, 1));
  CAF_CHECK(!uut.take(1, start + 1h, 3, 1));
  uut.give(2);
  CAF_CHECK(uut.take(2, start + 1h, 3, 1));
}
