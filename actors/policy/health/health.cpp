#include "actors/policy/health/health.hpp"

#include <algorithm>
#include <cmath>

namespace aps {

namespace {

constexpr double half_life_s = 30;

/// The members' round trip times, for the median of all but one.
class usual_rtt {
 public:
  explicit usual_rtt(std::span<const member_view> members) {
    for (const auto& member : members)
      if (counts(member))
        sorted_.push_back(member.rtt);
    std::sort(sorted_.begin(), sorted_.end());
  }

  /// The median beside `member`, which is one of them; zero = no other.
  duration beside(const member_view& member) const {
    if (!counts(member))
      return sorted_.empty() ? duration{} : sorted_[sorted_.size() / 2];
    if (sorted_.size() < 2)
      return {};
    const auto own
      = std::lower_bound(sorted_.begin(), sorted_.end(), member.rtt)
        - sorted_.begin();
    const auto middle = (sorted_.size() - 1) / 2;
    return sorted_[middle < static_cast<size_t>(own) ? middle : middle + 1];
  }

 private:
  static bool counts(const member_view& member) {
    return !member.draining && member.rtt > duration{};
  }

  std::vector<duration> sorted_;
};

bool is_slow(const ejection_settings& settings, const usual_rtt& usual,
             const member_view& member, duration rtt) {
  if (rtt <= settings.latency_floor)
    return false;
  const auto others = usual.beside(member);
  return others > duration{}
         && std::chrono::duration<double>(rtt)
              > std::chrono::duration<double>(others) * settings.latency_factor;
}

duration ejection_time(const ejection_settings& settings, uint32_t before) {
  auto out = settings.first;
  for (uint32_t i = 0; i < before && out < settings.longest; ++i)
    out *= 2;
  return std::min(out, settings.longest);
}

// Half of the last one has faded when the next one comes.
bool has_failed(const ejection_settings& settings, double failures) {
  return failures > settings.failures - 0.5;
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

bool is_connection_failure(outcome outcome) noexcept {
  switch (outcome) {
    case outcome::not_sent:
    case outcome::started_unknown:
    case outcome::cut:
    case outcome::transport_unavailable:
    case outcome::internal: return true;
    default: return false;
  }
}

bool may_be_sick(const ejection_settings& settings, const member_view& member,
                 double failures) {
  return !member.draining && !member.ejected
         && (has_failed(settings, failures)
             || member.rtt > settings.latency_floor);
}

std::vector<ejection> plan_ejections(const ejection_settings& settings,
                                     std::span<const member_view> members,
                                     std::span<const ejection_view> health) {
  const usual_rtt usual{members};
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
    if (has_failed(settings, health[i].failures))
      sick.push_back({i, time, "failures"});
    else if (is_slow(settings, usual, members[i], members[i].rtt))
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
  return !is_slow(settings, usual_rtt{members}, members[member], rtt);
}

} // namespace aps
