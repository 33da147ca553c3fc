#include "actors/policy/sizing.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>

namespace aps {

namespace {

// How many connections it takes to use `part` of their places.
uint32_t size_for(const sizing_settings& settings, uint32_t demand,
                  double part) {
  assert(settings.max_leases > 0 && part > 0);
  const auto size = std::ceil(demand / (settings.max_leases * part) - 1e-9);
  const auto bounded = std::min(size, static_cast<double>(settings.max_size));
  return std::max(static_cast<uint32_t>(bounded), settings.min_size);
}

/// Counts of one look at the members.
struct census {
  uint32_t usable = 0;   ///< take new exchanges
  uint32_t fresh = 0;    ///< usable, and not at the end of their life
  uint32_t live = 0;     ///< usable or ejected
  uint32_t draining = 0;
  uint32_t leases = 0;
};

census count(const sizing_settings& settings, const sizing_input& in) {
  census out;
  for (const auto& member : in.members) {
    out.leases += member.draining ? 0 : member.leases;
    out.draining += member.draining;
    out.live += !member.draining;
    out.usable += member.usable();
    out.fresh += member.usable() && age_of(settings, member, in.now) < 1;
  }
  return out;
}

// Growing aims at the target; shrinking starts well below it.
void choose_target(const sizing_settings& settings, const sizing_input& in,
                   const census& now, sizing_plan& plan) {
  const auto demand = now.leases + in.waiting;
  const auto grow_to = size_for(settings, demand, settings.target);
  const auto keep = size_for(settings, demand,
                             settings.target - settings.hysteresis);
  plan.needed = grow_to;
  plan.utilization = now.usable == 0
                       ? 0 : double(now.leases)
                               / (double(now.usable) * settings.max_leases);
  assert(grow_to <= keep);
  plan.target_size = std::clamp(now.usable, grow_to, keep);
  plan.surplus = now.live > keep;
  plan.reason = plan.target_size == settings.min_size ? "minimum"
                : in.waiting > 0 && grow_to > now.usable ? "requests wait"
                : grow_to > now.usable ? "utilization above target"
                : now.live > keep ? "utilization below target"
                : plan.target_size == settings.max_size ? "maximum"
                                                        : "utilization";
}

void plan_growth(const sizing_settings& settings, const sizing_input& in,
                 const census& now, sizing_plan& plan) {
  const auto have = now.fresh + in.asked;
  const auto all = static_cast<uint32_t>(in.members.size()) + in.asked;
  if (have < plan.needed && all < settings.max_size)
    plan.open = std::min(plan.needed - have, settings.max_size - all);
}

// A pool at its maximum has no place for a replacement before one drains;
// then they go one at a time.
void plan_expiry(const sizing_settings& settings, const sizing_input& in,
                 const census& now, sizing_plan& plan) {
  const auto replaced = now.fresh >= plan.needed;
  const auto full = in.members.size() + in.asked >= settings.max_size;
  if (!replaced && (!full || now.draining > 0))
    return;
  for (size_t i = 0; i < in.members.size(); ++i) {
    const auto& member = in.members[i];
    if (member.draining || age_of(settings, member, in.now) < 1)
      continue;
    plan.expired.push_back(i);
    if (!replaced)
      return;
  }
}

// The least healthy goes first. One without work has to be idle for a while;
// when the pool was too large all that time, one with work may drain as well.
void plan_shrinking(const sizing_settings& settings, const sizing_input& in,
                    const census& now, sizing_plan& plan) {
  if (in.waiting > 0 || !plan.surplus)
    return;
  const auto long_ago = in.now - settings.idle_timeout;
  const auto large_for_long = in.surplus_since
                              && *in.surplus_since <= long_ago;
  std::vector<size_t> order;
  for (size_t i = 0; i < in.members.size(); ++i) {
    const auto& member = in.members[i];
    const auto idle = member.leases == 0 && member.last_used <= long_ago;
    if (!member.draining && age_of(settings, member, in.now) < 1
        && (idle || large_for_long))
      order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    const auto& a = in.members[x];
    const auto& b = in.members[y];
    if (a.ejected != b.ejected)
      return a.ejected;
    return a.penalty != b.penalty ? a.penalty > b.penalty
                                  : a.leases < b.leases;
  });
  // Those that expire leave already.
  assert(plan.expired.size() <= now.live);
  auto live = now.live - static_cast<uint32_t>(plan.expired.size());
  auto usable = now.usable;
  for (const auto i : plan.expired)
    usable -= in.members[i].usable();
  const auto keep = size_for(settings, now.leases + in.waiting,
                             settings.target - settings.hysteresis);
  std::unordered_map<uint64_t, uint32_t> left; // by agent
  for (const auto& member : in.members)
    left[member.session] += !member.draining;
  for (const auto i : order) {
    const auto counts = !in.members[i].ejected;
    // An agent without any connection would just dial again.
    auto& of_agent = left[in.members[i].session];
    if (live <= keep || (counts && usable <= keep) || of_agent < 2)
      continue;
    assert(live > 0);
    --of_agent;
    plan.idle.push_back(i);
    --live;
    usable -= counts;
  }
}

} // namespace

namespace {

std::chrono::duration<double> life_of(const sizing_settings& settings,
                                      const member_view& member) {
  return std::chrono::duration<double>(settings.max_lifetime)
         * (1.0 + 0.1 * member.jitter);
}

} // namespace

time_point end_of(const sizing_settings& settings, const member_view& member) {
  return member.opened
         + std::chrono::duration_cast<duration>(life_of(settings, member));
}

double age_of(const sizing_settings& settings, const member_view& member,
              time_point now) {
  const auto life = life_of(settings, member);
  assert(life.count() > 0);
  return std::chrono::duration<double>(now - member.opened) / life;
}

sizing_plan plan_size(const sizing_settings& settings,
                      const sizing_input& input) {
  sizing_plan plan;
  const auto now = count(settings, input);
  choose_target(settings, input, now, plan);
  plan_growth(settings, input, now, plan);
  plan_expiry(settings, input, now, plan);
  plan_shrinking(settings, input, now, plan);
  return plan;
}

} // namespace aps
