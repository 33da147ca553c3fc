#include "actors/policy/backoff.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

duration backoff::pause(duration outage) {
  assert(settings_.share > 0 && settings_.least <= settings_.most);
  const auto full = std::clamp(outage / settings_.share, settings_.least,
                               settings_.most);
  // xorshift64: jitter needs no better randomness.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto quarter = static_cast<uint64_t>((full / 4).count());
  const auto jittered = full - duration(random_ % (quarter + 1));
  return std::max(jittered, settings_.least);
}

} // namespace aps
