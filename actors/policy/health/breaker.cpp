#include "actors/policy/health/breaker.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Between two probes of one probing phase.
constexpr auto probe_pause = std::chrono::milliseconds(100);

// A primary that lasted this long after a return does not flap.
constexpr auto steady_after = std::chrono::seconds(60);

} // namespace

std::string_view to_string(breaker_state state) noexcept {
  switch (state) {
    case breaker_state::primary: return "primary";
    case breaker_state::fallback: return "fallback";
    case breaker_state::probing: return "probing";
  }
  return "unknown";
}

bool breaker::on_failure(time_point now, std::string_view reason) {
  if (state_ != breaker_state::primary)
    return false;
  ++failures_;
  if (!settings_.enabled || failures_ < settings_.threshold)
    return false;
  const auto flaps = switches_ > 0 && now - changed_at_ < steady_after;
  assert(settings_.hold_down <= settings_.max_hold_down);
  hold_down_ = flaps ? std::min(hold_down_ * 2, settings_.max_hold_down)
                     : settings_.hold_down;
  enter(breaker_state::fallback, now, std::string(reason));
  next_probe_ = now + hold_down_;
  return true;
}

void breaker::on_success(time_point) {
  if (state_ == breaker_state::primary)
    failures_ = 0;
}

bool breaker::probe_due(time_point now) {
  if (state_ == breaker_state::primary || probe_running_ || now < next_probe_)
    return false;
  if (state_ == breaker_state::fallback) {
    good_ = 0;
    enter(breaker_state::probing, now, "hold-down is over");
  }
  probe_running_ = true;
  ++probe_number_;
  probed_at_ = now;
  return true;
}

bool breaker::on_probe(bool good, time_point now) {
  if (!probe_running_)
    return false;
  assert(state_ == breaker_state::probing);
  probe_running_ = false;
  if (!good) {
    enter(breaker_state::fallback, now, "probe failed");
    next_probe_ = now + hold_down_;
    return true;
  }
  if (++good_ < settings_.good_probes) {
    next_probe_ = now + probe_pause;
    return false;
  }
  failures_ = 0;
  enter(breaker_state::primary, now, "probes succeeded");
  return true;
}

void breaker::enter(breaker_state state, time_point now, std::string reason) {
  assert(state != state_);
  state_ = state;
  changed_at_ = now;
  reason_ = std::move(reason);
  ++switches_;
}

} // namespace aps
