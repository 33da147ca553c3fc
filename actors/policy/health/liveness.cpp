#include "actors/policy/health/liveness.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

void liveness::on_pong(uint64_t token, time_point now) {
  if (!waiting_ || token != token_)
    return;
  waiting_ = false;
  assert(now >= pinged_);
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
  if (work_outstanding)
    worked_ = now;
  if (now < due(work_outstanding))
    return action::none;
  force_ping(now);
  return action::ping;
}

time_point liveness::due(bool work_outstanding) const {
  if (waiting_) {
    const auto since = std::max(heard_, pinged_);
    return since
           + (late_ ? settings_.ping_timeout : settings_.ping_timeout / 2);
  }
  const auto pace = idle_pace();
  const auto silent
    = heard_ + (work_outstanding ? settings_.stall_timeout : pace);
  // The measured RTT wants a fresh sample now and then, on busy links too.
  return settings_.measures ? std::min(silent, pinged_ + pace) : silent;
}

// Judged by what was known at the last sign of life, so that the time of the
// next ping does not move while it is waited for.
duration liveness::idle_pace() const {
  const auto last = std::max(heard_, pinged_);
  return last - worked_ >= rest_after ? settings_.ping_interval * rest_factor
                                      : settings_.ping_interval;
}

void liveness::force_ping(time_point now) {
  assert(now >= pinged_);
  waiting_ = true;
  late_ = false;
  pinged_ = now;
  ++token_;
}

} // namespace aps
