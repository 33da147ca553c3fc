#include "actors/policy/dialling.hpp"

#include <algorithm>

namespace aps {

namespace {

// Attempts of one transport under way while none comes about; a network that
// swallows them gets no more.
constexpr uint32_t max_attempts = 8;

// No dial hangs sooner, on however near a network.
constexpr duration hanging_after = std::chrono::milliseconds(100);

} // namespace

time_point next_dial(const dial_view& lane, const restart_pacer& pace) {
  if (lane.live > lane.wanted || lane.under_way < lane.wanted - lane.live)
    return pace.next();
  return std::max(pace.next(),
                  lane.tried_at + std::max(4 * lane.usual, hanging_after));
}

uint32_t dials_due(const dial_view& lane, const restart_pacer& pace,
                   time_point now) {
  if (lane.live >= lane.wanted || next_dial(lane, pace) > now)
    return 0;
  const auto missing
    = lane.wanted - std::min(lane.wanted, lane.live + lane.under_way);
  if (!pace.trying())
    return missing;
  // Where one lives the way is open, so what takes long does not hang.
  if (lane.live > 0)
    return pace.careful() ? std::min(missing, 1u) : missing;
  if (lane.under_way >= max_attempts)
    return 0;
  return pace.careful() ? 1 : std::max(missing, 1u);
}

void last_resort::note(bool others_live, time_point now) {
  auto& since = others_live ? accompanied_since_ : alone_since_;
  (others_live ? alone_since_ : accompanied_since_).reset();
  if (!since)
    since = now;
}

} // namespace aps
