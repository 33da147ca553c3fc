#include "actors/policy/health/target_health.hpp"

#include <algorithm>

namespace aps {

bool is_refusal(outcome outcome) noexcept {
  switch (outcome) {
    case outcome::origin_unresolved:
    case outcome::origin_refused:
    case outcome::origin_unreachable:
    case outcome::origin_timeout:
    case outcome::target_forbidden: // another agent may
      return true;
    default: return false;
  }
}

std::string_view to_string(check_verdict verdict) noexcept {
  switch (verdict) {
    case check_verdict::good: return "good";
    case check_verdict::bad: return "bad";
    case check_verdict::skipped: return "skipped";
  }
  return "unknown";
}

check_verdict judge(outcome outcome, uint16_t status,
                    const config::health_check& rule) noexcept {
  if (outcome == outcome::ok)
    return rule.expects(status) ? check_verdict::good : check_verdict::bad;
  const auto kind = class_of(outcome);
  return kind == "origin" || kind == "timeout" ? check_verdict::bad
                                               : check_verdict::skipped;
}

target_health::change target_health::note(outcome outcome, time_point now,
                                          const target_rest& settings) {
  if (down_)
    return change::none;
  if (outcome == outcome::ok) {
    const auto rested = pause_ != duration{};
    refusals_ = 0;
    pause_ = {};
    until_ = {};
    return rested ? change::recovered : change::none;
  }
  // Requests that were under way when it began to rest say nothing new.
  if (!is_refusal(outcome) || rests(now))
    return change::none;
  ++refusals_;
  if (refusals_ < settings.refusals)
    return change::none;
  pause_ = pause_ == duration{} ? settings.first
                                : std::min(2 * pause_, settings.longest);
  until_ = now + pause_;
  return change::rests;
}

target_health::change target_health::check(bool good,
                                           const config::health_check& rule) {
  if (good != down_) {
    against_ = 0;
    return change::none;
  }
  if (++against_ < (down_ ? rule.rise : rule.fall))
    return change::none;
  // Back from being down it is as good as new, whatever requests met before.
  const auto was_down = down_;
  *this = {};
  down_ = !was_down;
  return down_ ? change::down : change::up;
}

bool target_health::idle() const noexcept {
  return refusals_ == 0 && pause_ == duration{} && against_ == 0 && !down_;
}

bool leave_out_resting(std::span<choice_view> choices) {
  const auto is_fresh
    = [](const choice_view& one) { return one.usable && !one.rests; };
  if (std::none_of(choices.begin(), choices.end(), is_fresh))
    return false;
  for (auto& one : choices)
    one.usable = is_fresh(one);
  return true;
}

// -- the watch ----------------------------------------------------------------

target_watch::verdict target_watch::note(const target_key& key, outcome outcome,
                                         time_point now) {
  if (size_ == 0 && !is_refusal(outcome))
    return {};
  std::lock_guard guard{mutex_};
  auto found = failing_.find(key);
  if (found == failing_.end()) {
    if (!is_refusal(outcome))
      return {};
    found = failing_.emplace(key, watched{}).first;
  }
  auto& [target, reason] = found->second;
  verdict out;
  out.change = target.note(outcome, now);
  out.pause = target.pause();
  out.refusals = target.refusals();
  if (out.change == target_health::change::rests)
    reason = to_string(outcome);
  drop_if_idle(found);
  return out;
}

target_health::change target_watch::check(const target_key& key, bool good,
                                          const config::health_check& rule,
                                          const std::string& reason) {
  if (size_ == 0 && good)
    return target_health::change::none;
  std::lock_guard guard{mutex_};
  const auto found = failing_.emplace(key, watched{}).first;
  const auto out = found->second.health.check(good, rule);
  if (!good && found->second.health.down())
    found->second.reason = reason;
  drop_if_idle(found);
  return out;
}

bool target_watch::lift(const target_key& key) {
  std::lock_guard guard{mutex_};
  const auto found = failing_.find(key);
  if (found == failing_.end() || !found->second.health.down())
    return false;
  failing_.erase(found);
  size_ = failing_.size();
  return true;
}

void target_watch::keep(std::span<const session_id> sessions) {
  if (size_ == 0)
    return;
  std::lock_guard guard{mutex_};
  std::erase_if(failing_, [&](const auto& entry) {
    return std::find(sessions.begin(), sessions.end(), entry.first.session)
           == sessions.end();
  });
  size_ = failing_.size();
}

bool target_watch::rests(const target_key& key, time_point now) const {
  if (size_ == 0)
    return false;
  std::lock_guard guard{mutex_};
  return rests_locked(key, now);
}

bool target_watch::rests(uint64_t mapping, std::span<const session_id> sessions,
                         time_point now) const {
  if (size_ == 0 || sessions.empty())
    return false;
  std::lock_guard guard{mutex_};
  return std::all_of(sessions.begin(), sessions.end(),
                     [&](const session_id& session) {
                       return rests_locked({mapping, session}, now);
                     });
}

void target_watch::keep_if(const std::function<bool(uint64_t mapping)>& known) {
  if (size_ == 0)
    return;
  std::lock_guard guard{mutex_};
  std::erase_if(failing_,
                [&](const auto& each) { return !known(each.first.mapping); });
  size_ = failing_.size();
}

std::vector<target_watch::resting> target_watch::list(time_point now) const {
  std::vector<resting> out;
  if (size_ == 0)
    return out;
  std::lock_guard guard{mutex_};
  for (const auto& [key, entry] : failing_)
    if (entry.health.rests(now))
      out.push_back({key, entry.health.down(), entry.reason});
  return out;
}

void target_watch::drop_if_idle(table::iterator which) {
  if (which->second.health.idle())
    failing_.erase(which);
  size_ = failing_.size();
}

bool target_watch::rests_locked(const target_key& key, time_point now) const {
  const auto found = failing_.find(key);
  return found != failing_.end() && found->second.health.rests(now);
}

} // namespace aps
