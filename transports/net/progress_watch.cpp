#include "transports/net/progress_watch.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace aps {

namespace {

uint64_t bytes_in(duration period, uint64_t rate) noexcept {
  const auto seconds = std::chrono::duration<double>(period).count();
  const auto bytes = seconds * static_cast<double>(rate);
  constexpr auto most = std::numeric_limits<uint64_t>::max() / 2;
  return bytes < static_cast<double>(most) ? static_cast<uint64_t>(bytes)
                                           : most;
}

} // namespace

bool progress_watch::keeps_up(time_point now, uint64_t moved, uint64_t owed,
                              const progress_rule& rule) noexcept {
  if (rule.silence <= duration::zero()) {
    rest();
    return true;
  }
  if (!running_) {
    running_ = true;
    last_move_ = now;
    last_moved_ = moved;
    begin(now, moved, owed, rule);
    return true;
  }
  assert(moved >= last_moved_ && now >= last_move_);
  if (moved != last_moved_) {
    last_moved_ = moved;
    last_move_ = now;
  } else if (now - last_move_ >= rule.silence) {
    return false;
  }
  if (now - began_ < rule.silence)
    return true;
  if (moved < goal_)
    return false;
  begin(now, moved, owed, rule);
  return true;
}

void progress_watch::begin(time_point now, uint64_t moved, uint64_t owed,
                           const progress_rule& rule) noexcept {
  began_ = now;
  goal_ = moved + std::min(owed, bytes_in(rule.silence, rule.min_rate));
}

} // namespace aps
