#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
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
  duration ask_again = std::chrono::seconds(1); ///< cool-down of asking
};

/// What the policy sees of a pool member.
struct member_view {
  uint32_t leases = 0;
  bool draining = false;
  time_point opened{};
  time_point last_used{};
  duration rtt{};
  /// Position of this member's lifetime inside +-10 %, from -1 to 1.
  double jitter = 0;
};

/// What the pool should do next.
struct sizing_plan {
  uint32_t open = 0; ///< ask the agents for so many
  std::string reason;
  std::vector<size_t> idle;    ///< close these: idle and above the minimum
  std::vector<size_t> expired; ///< drain these: their replacement stands
};

/// Decides on growing, shrinking and ageing. `asked` connections were asked
/// for and did not arrive yet. Pure.
sizing_plan plan_size(const sizing_settings& settings,
                      std::span<const member_view> members, uint32_t waiting,
                      uint32_t asked, time_point now);

/// The member for the next exchange, or npos when none has room: the better
/// of two candidates by (leases + 1) x rtt. `first` and `second` are random
/// numbers.
size_t choose_member(const sizing_settings& settings,
                     std::span<const member_view> members, uint64_t first,
                     uint64_t second);

inline constexpr size_t no_member = static_cast<size_t>(-1);

/// The better of two members, or the only one that has room.
size_t better_of(const sizing_settings& settings,
                 std::span<const member_view> members, size_t x, size_t y);

} // namespace aps
