#include "actors/policy/limits/login_limit.hpp"

#include <algorithm>

namespace aps {

duration login_limit::wait(const std::string& address, time_point now) const {
  const auto i = all_.find(address);
  if (i == all_.end() || i->second.until <= now)
    return duration::zero();
  return i->second.until - now;
}

void login_limit::on_failure(const std::string& address, time_point now) {
  if (all_.size() >= most_addresses && !all_.contains(address))
    all_.erase(std::min_element(all_.begin(), all_.end(),
                                [](const auto& x, const auto& y) {
                                  return x.second.last < y.second.last;
                                }));
  auto& here = all_[address];
  // The time of a pause forgives nothing, or long ones would undo themselves.
  const auto quiet = now - std::max(here.last, here.until);
  const auto forgiven
    = here.failures == 0 || quiet < duration::zero()
        ? 0
        : static_cast<uint64_t>(quiet / refill);
  here.failures -= static_cast<uint32_t>(
    std::min<uint64_t>(forgiven, here.failures));
  if (here.failures == 0)
    here.pauses = 0;
  here.last = now;
  if (++here.failures < burst)
    return;
  here.failures = burst;
  const auto doubled = first_pause * (1u << std::min(here.pauses, 10u));
  here.until = now + std::min<duration>(doubled, longest_pause);
  ++here.pauses;
}

} // namespace aps
