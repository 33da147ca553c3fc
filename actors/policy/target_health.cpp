#include "actors/policy/target_health.hpp"

#include <algorithm>

namespace aps {

bool is_refusal(outcome how) noexcept {
  switch (how) {
    case outcome::origin_unresolved:
    case outcome::origin_refused:
    case outcome::origin_unreachable:
    case outcome::origin_timeout:
      return true;
    default:
      return false;
  }
}

target_health::change target_health::note(outcome how, time_point now,
                                          const target_rest& settings) {
  if (how == outcome::ok) {
    const auto rested = pause_ != duration{};
    *this = {};
    return rested ? change::recovered : change::none;
  }
  // Requests that were under way when it began to rest say nothing new.
  if (!is_refusal(how) || rests(now))
    return change::none;
  ++refusals_;
  if (refusals_ < settings.refusals)
    return change::none;
  pause_ = pause_ == duration{} ? settings.first
                                : std::min(2 * pause_, settings.longest);
  until_ = now + pause_;
  return change::rests;
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

target_watch::verdict target_watch::note(size_t mapping, outcome how,
                                         time_point now) {
  if (size_ == 0 && !is_refusal(how))
    return {};
  std::lock_guard guard{mutex_};
  auto found = refusing_.find(mapping);
  if (found == refusing_.end()) {
    if (!is_refusal(how))
      return {};
    found = refusing_.emplace(mapping, target_health{}).first;
  }
  auto& target = found->second;
  verdict out;
  out.change = target.note(how, now);
  out.pause = target.pause();
  out.refusals = target.refusals();
  if (out.refusals == 0)
    refusing_.erase(found);
  size_ = refusing_.size();
  return out;
}

bool target_watch::rests(size_t mapping, time_point now) const {
  if (size_ == 0)
    return false;
  std::lock_guard guard{mutex_};
  const auto found = refusing_.find(mapping);
  return found != refusing_.end() && found->second.rests(now);
}

} // namespace aps
