#pragma once

#include "actors/policy/member.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace aps {

struct sizing_settings {
  uint32_t min_size = 3;
  uint32_t max_size = 10;
  uint32_t max_leases = 64; ///< per member
  duration idle_timeout = std::chrono::seconds(300);
  duration max_lifetime = std::chrono::seconds(1800);
  double target = 0.7;     ///< part of all places in use that is aimed at
  double hysteresis = 0.3; ///< so far below the target a pool is too large
};

/// What the policy knows beside the members.
struct sizing_input {
  std::span<const member_view> members;
  uint32_t waiting = 0; ///< exchanges without a connection
  uint32_t asked = 0;   ///< connections asked for that did not arrive yet
  time_point now{};
  /// Since when the pool was too large at every look; nullopt = it was not.
  std::optional<time_point> surplus_since;
};

/// What the pool should do next.
struct sizing_plan {
  uint32_t needed = 0;      ///< by the minimum and the target utilization
  uint32_t target_size = 0; ///< aimed at: `needed`, or more within hysteresis
  double utilization = 0;   ///< part of all places in use
  std::string reason;       ///< of the target size
  uint32_t open = 0;        ///< ask the agents for so many
  bool surplus = false;     ///< the pool is larger than it should be
  std::vector<size_t> idle;    ///< close these: not needed any more
  std::vector<size_t> expired; ///< drain these: their replacement stands
};

/// Decides on growing, shrinking and ageing. Pure.
sizing_plan plan_size(const sizing_settings& settings,
                      const sizing_input& input);

/// Part of a member's lifetime that is over; above 1 it has expired.
double age_of(const sizing_settings& settings, const member_view& member,
              time_point now);

/// When a member's lifetime is over.
time_point end_of(const sizing_settings& settings, const member_view& member);

} // namespace aps
