#include "actors/policy/backoff.hpp"

#include <algorithm>

namespace aps {

duration backoff::next() {
  if (tries_++ == 0)
    return duration::zero();
  auto delay = settings_.first;
  for (uint32_t i = 2; i < tries_ && delay < settings_.max; ++i)
    delay *= 2;
  delay = std::min(delay, settings_.max);
  // xorshift64: jitter needs no better randomness.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto half = delay / 2;
  return half + duration(random_ % static_cast<uint64_t>(half.count() + 1));
}

} // namespace aps
