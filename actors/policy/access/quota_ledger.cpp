#include "actors/policy/access/quota_ledger.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

namespace aps {

struct quota_count {
  std::string whose;
  std::string rule;
  token_bucket used = {};
  uint32_t under_way = 0;
  bool kept = true; ///< the ledger has it still
  std::list<std::shared_ptr<quota_count>>::iterator place = {};
};

/// What is under way and goes back.
struct quota_ledger::places {
  explicit places(std::shared_ptr<quota_ledger> ledger)
      : of(std::move(ledger)) {}

  ~places() {
    const std::lock_guard guard{of->mutex_};
    for (const auto& each : held)
      --each->under_way;
  }

  places(const places&) = delete;
  places& operator=(const places&) = delete;

  const std::shared_ptr<quota_ledger> of;
  boost::container::small_vector<std::shared_ptr<quota_count>, 4> held;
};

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

quota_count* quota_ledger::find(const quota_use& use) const {
  if (use.found && use.found->kept)
    return use.found.get();
  const auto known = all_.find({use.whose, use.rule});
  use.found = known == all_.end() ? nullptr : *known->second;
  return use.found.get();
}

quota_ledger::answer quota_ledger::take(const std::vector<quota_use>& uses,
                                        time_point now) {
  const std::lock_guard guard{mutex_};
  for (const auto& use : uses) {
    auto* known = find(use);
    if (!known)
      continue;
    // None of them has to make room for another, nor who is refused: then it
    // would be let in again.
    by_use_.splice(by_use_.end(), by_use_, known->place);
    if (auto refused = refusal(*known, use, now))
      return std::move(*refused);
  }
  std::shared_ptr<places> out;
  for (const auto& use : uses) {
    const auto& limits = *use.limits;
    auto* known = find(use);
    auto& here = known ? *known : add(use);
    if (limits.requests > 0)
      here.used.take(1, now, burst_of(limits), pace_of(limits));
    if (limits.concurrent_requests == 0)
      continue;
    if (!out)
      out = std::make_shared<places>(shared_from_this());
    ++here.under_way;
    out->held.push_back(use.found);
  }
  return hold{std::move(out)};
}

std::variant<std::monostate, quota_refusal>
quota_ledger::look(const std::vector<quota_use>& uses, time_point now) const {
  const std::lock_guard guard{mutex_};
  for (const auto& use : uses)
    if (const auto* known = find(use))
      if (auto refused = refusal(*known, use, now))
        return std::move(*refused);
  return {};
}

std::optional<quota_refusal> quota_ledger::refusal(const quota_count& here,
                                                   const quota_use& use,
                                                   time_point now) {
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

quota_count& quota_ledger::add(const quota_use& use) {
  if (by_use_.size() >= most)
    make_room();
  use.found = std::make_shared<quota_count>(
    quota_count{.whose = use.whose, .rule = std::string{use.rule}});
  auto& out = *use.found;
  by_use_.push_back(use.found);
  out.place = std::prev(by_use_.end());
  all_.emplace(key{out.whose, out.rule}, out.place);
  return out;
}

// Those under way are passed over for good, so that a few that stay do not keep
// all others; what was kept too much meanwhile goes with the next ones.
void quota_ledger::make_room() {
  for (size_t n = 0; n < tries_to_forget && by_use_.size() >= most; ++n) {
    const auto first = by_use_.begin();
    auto& count = **first;
    if (count.under_way > 0) {
      by_use_.splice(by_use_.end(), by_use_, first);
      continue;
    }
    all_.erase({count.whose, count.rule});
    count.kept = false;
    by_use_.erase(first);
  }
}

size_t quota_ledger::size() const {
  const std::lock_guard guard{mutex_};
  return by_use_.size();
}

} // namespace aps
