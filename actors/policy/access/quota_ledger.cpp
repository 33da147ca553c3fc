#include "actors/policy/access/quota_ledger.hpp"

#include <algorithm>
#include <cmath>

namespace aps {

namespace {

// Counts that may be in use at the end of the list before the next one is
// forgotten: more of them would be looked at for nothing.
constexpr size_t tries_to_forget = 16;

// Who waits for a place of another request does not know how long.
constexpr duration a_moment = std::chrono::seconds(1);

double burst_of(const config::quota& limits) {
  return std::max<double>(1, limits.burst > 0 ? limits.burst : limits.requests);
}

double pace_of(const config::quota& limits) {
  return limits.requests / limits.period.count();
}

// Until one more fits.
duration wait_for_one(double used, const config::quota& limits) {
  const auto over = used + 1 - burst_of(limits);
  return std::chrono::duration_cast<duration>(
    std::chrono::duration<double>(std::max(0.0, over / pace_of(limits))));
}

} // namespace

quota_ledger::answer quota_ledger::take(const std::vector<quota_use>& uses,
                                        time_point now) {
  const std::lock_guard guard{mutex_};
  auto refused = refusal(uses, now);
  if (auto* found = std::get_if<quota_refusal>(&refused))
    return std::move(*found);
  std::vector<counts::iterator> held;
  for (const auto& use : uses) {
    const auto here = find(use.key);
    if (use.limits->requests > 0)
      here->used.take(1, now, burst_of(*use.limits), pace_of(*use.limits));
    if (use.limits->concurrent_requests == 0)
      continue;
    ++here->under_way;
    held.push_back(here);
  }
  if (held.empty())
    return std::shared_ptr<void>{};
  return std::shared_ptr<void>{
    this, [self = shared_from_this(), held = std::move(held)](void*) {
      const std::lock_guard guard{self->mutex_};
      for (const auto& each : held)
        --each->under_way;
    }};
}

std::variant<std::monostate, quota_refusal>
quota_ledger::look(const std::vector<quota_use>& uses, time_point now) const {
  const std::lock_guard guard{mutex_};
  return refusal(uses, now);
}

std::variant<std::monostate, quota_refusal>
quota_ledger::refusal(const std::vector<quota_use>& uses,
                      time_point now) const {
  for (const auto& use : uses) {
    const auto i = all_.find(use.key);
    if (i == all_.end())
      continue;
    const auto& limits = *use.limits;
    const auto& here = *i->second;
    if (limits.concurrent_requests > 0
        && here.under_way >= limits.concurrent_requests)
      return quota_refusal{limit::concurrent_requests, std::string{use.rule},
                           a_moment};
    if (limits.requests == 0)
      continue;
    const auto used = here.used.used_at(now, pace_of(limits));
    if (used + 1 > burst_of(limits))
      return quota_refusal{limit::request_rate, std::string{use.rule},
                           wait_for_one(used, limits)};
  }
  return {};
}

quota_ledger::counts::iterator quota_ledger::find(const std::string& key) {
  if (const auto i = all_.find(key); i != all_.end()) {
    by_use_.splice(by_use_.end(), by_use_, i->second);
    return i->second;
  }
  if (by_use_.size() >= most)
    make_room();
  by_use_.push_back({key, {}, 0});
  const auto out = std::prev(by_use_.end());
  all_.emplace(out->key, out);
  return out;
}

void quota_ledger::make_room() {
  auto i = by_use_.begin();
  for (size_t n = 0; n < tries_to_forget && i != by_use_.end(); ++n, ++i)
    if (i->under_way == 0) {
      all_.erase(i->key);
      by_use_.erase(i);
      return;
    }
}

size_t quota_ledger::size() const {
  const std::lock_guard guard{mutex_};
  return by_use_.size();
}

} // namespace aps
