#include "actors/policy/access/quota_ledger.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

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

size_t quota_ledger::key_hash::operator()(const key& of) const {
  const std::hash<std::string_view> hash;
  return hash(of.rule) * 31 + hash(of.whose);
}

quota_ledger::answer quota_ledger::take(const std::vector<quota_use>& uses,
                                        time_point now) {
  const std::lock_guard guard{mutex_};
  boost::container::small_vector<counts::iterator, 4> taken;
  for (const auto& use : uses) {
    const auto known = all_.find({use.whose, use.rule});
    if (known == all_.end()) {
      taken.push_back(by_use_.end());
      continue;
    }
    // None of them has to make room for another, nor who is refused: then it
    // would be let in again.
    by_use_.splice(by_use_.end(), by_use_, known->second);
    if (auto refused = refusal(*known->second, use, now))
      return std::move(*refused);
    taken.push_back(known->second);
  }
  std::vector<counts::iterator> held;
  for (size_t i = 0; i < uses.size(); ++i) {
    const auto& limits = *uses[i].limits;
    const auto here = taken[i] == by_use_.end() ? add(uses[i]) : taken[i];
    if (limits.requests > 0)
      here->used.take(1, now, burst_of(limits), pace_of(limits));
    if (limits.concurrent_requests == 0)
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
  for (const auto& use : uses)
    if (const auto known = all_.find({use.whose, use.rule});
        known != all_.end())
      if (auto refused = refusal(*known->second, use, now))
        return std::move(*refused);
  return {};
}

std::optional<quota_refusal>
quota_ledger::refusal(const count& here, const quota_use& use, time_point now) {
  const auto& limits = *use.limits;
  if (limits.concurrent_requests > 0
      && here.under_way >= limits.concurrent_requests)
    return quota_refusal{limit::concurrent_requests, std::string{use.rule},
                         a_moment};
  if (limits.requests == 0)
    return std::nullopt;
  const auto used = here.used.used_at(now, pace_of(limits));
  if (used + 1 > burst_of(limits))
    return quota_refusal{limit::request_rate, std::string{use.rule},
                         wait_for_one(used, limits)};
  return std::nullopt;
}

quota_ledger::counts::iterator quota_ledger::add(const quota_use& use) {
  if (by_use_.size() >= most)
    make_room();
  by_use_.push_back({use.whose, std::string{use.rule}});
  const auto out = std::prev(by_use_.end());
  all_.emplace(key{out->whose, out->rule}, out);
  return out;
}

// Those under way are passed over for good, so that a few that stay do not keep
// all others; what was kept too much meanwhile goes with the next ones.
void quota_ledger::make_room() {
  for (size_t n = 0; n < tries_to_forget && by_use_.size() >= most; ++n) {
    const auto first = by_use_.begin();
    if (first->under_way > 0) {
      by_use_.splice(by_use_.end(), by_use_, first);
      continue;
    }
    all_.erase({first->whose, first->rule});
    by_use_.erase(first);
  }
}

size_t quota_ledger::size() const {
  const std::lock_guard guard{mutex_};
  return by_use_.size();
}

} // namespace aps
