#include "actors/policy/health.hpp"

#include <algorithm>
#include <cmath>

namespace aps {

namespace {

constexpr double half_life_s = 30;

// The median RTT of the members beside `except`; zero = nothing to compare.
duration median_rtt(std::span<const member_view> members, size_t except) {
  std::vector<duration> all;
  for (size_t i = 0; i < members.size(); ++i)
    if (i != except && !members[i].draining && members[i].rtt > duration{})
      all.push_back(members[i].rtt);
  if (all.empty())
    return {};
  const auto middle = all.begin() + static_cast<ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

bool is_slow(const ejection_settings& settings,
             std::span<const member_view> members, size_t which,
             duration rtt) {
  const auto usual = median_rtt(members, which);
  return usual > duration{} && rtt > settings.latency_floor
         && std::chrono::duration<double>(rtt)
              > std::chrono::duration<double>(usual) * settings.latency_factor;
}

duration ejection_time(const ejection_settings& settings, uint32_t before) {
  auto out = settings.first;
  for (uint32_t i = 0; i < before && out < settings.longest; ++i)
    out *= 2;
  return std::min(out, settings.longest);
}

} // namespace

void fading_count::add(time_point now, double amount) {
  amount_ = value(now) + amount;
  at_ = now;
}

double fading_count::value(time_point now) const noexcept {
  if (amount_ == 0)
    return 0;
  const auto age = std::chrono::duration<double>(now - at_).count();
  const auto left = amount_ * std::exp2(-age / half_life_s);
  return left < 0.01 ? 0 : left;
}

bool is_connection_failure(outcome how) noexcept {
  switch (how) {
    case outcome::not_sent:
    case outcome::started_unknown:
    case outcome::cut:
    case outcome::transport_unavailable:
    case outcome::internal:
      return true;
    default:
      return false;
  }
}

std::vector<ejection> plan_ejections(const ejection_settings& settings,
                                     std::span<const member_view> members,
                                     std::span<const ejection_view> health) {
  std::vector<ejection> sick;
  size_t live = 0;
  size_t out = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].draining)
      continue;
    ++live;
    out += members[i].ejected;
    if (members[i].ejected)
      continue;
    const auto time = ejection_time(settings, health[i].ejections);
    // Half of the last one has faded when the next one comes.
    if (health[i].failures > settings.failures - 0.5)
      sick.push_back({i, time, "failures"});
    else if (is_slow(settings, members, i, members[i].rtt))
      sick.push_back({i, time, "latency"});
  }
  std::stable_sort(sick.begin(), sick.end(), [&](const auto& x, const auto& y) {
    return members[x.member].penalty > members[y.member].penalty;
  });
  const auto cap = std::min(
    static_cast<size_t>(settings.max_share * static_cast<double>(live)),
    live > 0 ? live - 1 : 0);
  sick.resize(std::min(sick.size(), cap > out ? cap - out : 0));
  return sick;
}

bool readmits(const ejection_settings& settings,
              std::span<const member_view> members, size_t member,
              duration rtt) {
  return !is_slow(settings, members, member, rtt);
}

} // namespace aps
