#include "actors/policy/sizing.hpp"

#include <algorithm>

namespace aps {

namespace {

bool has_room(const sizing_settings& settings, const member_view& member) {
  return !member.draining && member.leases < settings.max_leases;
}

bool is_expired(const sizing_settings& settings, const member_view& member,
                time_point now) {
  const auto life = std::chrono::duration_cast<duration>(
    settings.max_lifetime * (1.0 + 0.1 * member.jitter));
  return !member.draining && now - member.opened >= life;
}

// Below a tenth of a millisecond an RTT says nothing about a connection.
double cost_of(const member_view& member) {
  const auto rtt = std::chrono::duration<double, std::milli>(member.rtt);
  return (member.leases + 1.0) * std::max(rtt.count(), 0.1);
}

} // namespace

sizing_plan plan_size(const sizing_settings& settings,
                      std::span<const member_view> members, uint32_t waiting,
                      uint32_t asked, time_point now) {
  sizing_plan plan;
  uint32_t usable = 0;
  uint32_t fresh = 0;
  for (const auto& member : members) {
    usable += !member.draining;
    fresh += !member.draining && !is_expired(settings, member, now);
  }
  const auto total = static_cast<uint32_t>(members.size()) + asked;
  const auto free_places = settings.max_size > total
                             ? settings.max_size - total : 0;
  auto want = fresh + asked < settings.min_size
                ? settings.min_size - fresh - asked : 0;
  plan.reason = usable < settings.min_size ? "minimum" : "replacement";
  if (waiting > 0) {
    const auto need = (waiting + settings.max_leases - 1) / settings.max_leases;
    if (need > want + asked) {
      want = need - asked;
      plan.reason = "demand";
    }
  }
  plan.open = std::min(want, free_places);
  // A pool at its maximum has no place for a replacement before it drains.
  auto spare = usable;
  for (size_t i = 0; i < members.size(); ++i) {
    const auto& member = members[i];
    if (!is_expired(settings, member, now))
      continue;
    if (fresh >= settings.min_size || total >= settings.max_size) {
      plan.expired.push_back(i);
      --spare;
      if (fresh < settings.min_size)
        break;
    }
  }
  if (waiting > 0)
    return plan;
  for (size_t i = 0; i < members.size() && spare > settings.min_size; ++i) {
    const auto& member = members[i];
    if (member.draining || member.leases > 0
        || is_expired(settings, member, now)
        || now - member.last_used < settings.idle_timeout)
      continue;
    plan.idle.push_back(i);
    --spare;
  }
  return plan;
}

size_t better_of(const sizing_settings& settings,
                 std::span<const member_view> members, size_t x, size_t y) {
  const auto x_fits = has_room(settings, members[x]);
  const auto y_fits = has_room(settings, members[y]);
  if (!x_fits || !y_fits)
    return x_fits ? x : y_fits ? y : no_member;
  return cost_of(members[y]) < cost_of(members[x]) ? y : x;
}

size_t choose_member(const sizing_settings& settings,
                     std::span<const member_view> members, uint64_t first,
                     uint64_t second) {
  if (members.empty())
    return no_member;
  const auto size = members.size();
  const auto best = better_of(settings, members, first % size, second % size);
  if (best != no_member)
    return best;
  for (size_t i = 0; i < size; ++i)
    if (has_room(settings, members[i]))
      return i;
  return no_member;
}

} // namespace aps
