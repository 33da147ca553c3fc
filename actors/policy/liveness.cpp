#include "actors/policy/liveness.hpp"

#include <algorithm>

namespace aps {

void liveness::on_pong(uint64_t token, time_point now) {
  if (!waiting_ || token != token_)
    return;
  waiting_ = false;
  sample_ = now - pinged_;
  rtt_ = rtt_ == duration::zero() ? sample_ : rtt_ + (sample_ - rtt_) / 8;
}

bool liveness::turned_late(time_point now) {
  const auto since = std::max(heard_, pinged_);
  if (!waiting_ || late_ || now - since < settings_.ping_timeout / 2)
    return false;
  late_ = true;
  return true;
}

liveness::action liveness::check(bool work_outstanding, time_point now) {
  if (waiting_) {
    // Any sign of life counts; the pong may queue behind a large transfer.
    const auto since = std::max(heard_, pinged_);
    const auto dead = now - since >= settings_.ping_timeout
                      || now - pinged_ >= settings_.answer_timeout;
    return dead ? action::dead : action::none;
  }
  const auto limit = work_outstanding ? settings_.stall_timeout
                                      : settings_.ping_interval;
  // The measured RTT wants a fresh sample now and then, on busy links too.
  if (now - heard_ < limit && now - pinged_ < settings_.ping_interval)
    return action::none;
  force_ping(now);
  return action::ping;
}

void liveness::force_ping(time_point now) {
  waiting_ = true;
  late_ = false;
  pinged_ = now;
  ++token_;
}

} // namespace aps
