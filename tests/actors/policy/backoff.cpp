#define CAF_SUITE backoff

#include "actors/policy/backoff.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

CAF_TEST(a_pause_is_a_tenth_of_the_outage_with_jitter_and_bounds) {
  struct row {
    duration outage, least, most;
  };
  const row table[] = {
    {0s, 20ms, 20ms},        {100ms, 20ms, 20ms}, {200ms, 20ms, 20ms},
    {400ms, 30ms, 40ms},     {1s, 75ms, 100ms},   {5s, 375ms, 500ms},
    {8s, 600ms, 800ms},      {60s, 4500ms, 6s},   {150s, 11250ms, 15s},
    {3600s, 11250ms, 15s},
  };
  for (uint64_t seed = 1; seed < 50; ++seed) {
    backoff uut{{}, seed * 7919};
    for (const auto& one : table) {
      const auto pause = uut.pause(one.outage);
      CAF_CHECK(pause >= one.least);
      CAF_CHECK(pause <= one.most);
    }
  }
}
