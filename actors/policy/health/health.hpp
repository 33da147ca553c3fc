#pragma once

#include "actors/policy/member.hpp"
#include "transports/seam/outcome.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aps {

/// A count that forgets: halves every 30 s.
class fading_count {
 public:
  void add(time_point now, double amount = 1);
  double value(time_point now) const noexcept;
  void clear() noexcept { amount_ = 0; }

 private:
  double amount_ = 0;
  time_point at_{};
};

/// What the score of a connection is made of; published with it.
struct health_terms {
  double latency_ms = 0; ///< RTT, exponentially weighted; 0 = unknown
  double failures = 0;   ///< recent ones on this connection
  double resets = 0;     ///< recent losses of connections of its agent
  double age = 0;        ///< part of its lifetime that is over, 0 to 1
  uint32_t load = 0;     ///< exchanges in flight

  /// 1 = healthy, more = worse.
  double penalty() const noexcept {
    return 1 + failures + 0.5 * resets + 0.25 * age;
  }

  /// 1 = healthy, towards 0 = sick.
  double score() const noexcept { return 1 / penalty(); }
};

/// Whether an exchange that ended so speaks against its connection. An origin
/// that fails, or a visitor that leaves, does not.
bool is_connection_failure(outcome outcome) noexcept;

struct ejection_settings {
  uint32_t failures = 3; ///< recent ones that eject
  duration first = std::chrono::seconds(10);
  duration longest = std::chrono::seconds(300);
  double max_share = 0.5;    ///< of the members; never the last usable one
  double latency_factor = 8; ///< times the median of the others...
  duration latency_floor = std::chrono::milliseconds(200); ///< ...and above
};

/// What the ejection policy sees of a member beside its `member_view`.
struct ejection_view {
  double failures = 0;
  uint32_t ejections = 0; ///< how often it was ejected
};

struct ejection {
  size_t member = no_member;
  duration time{};
  std::string reason;
};

/// Whether it is worth while to ask `plan_ejections` about this member.
bool may_be_sick(const ejection_settings& settings, const member_view& member,
                 double failures);

/// Which members are so sick that they shall get no exchanges for a while,
/// sickest first. Pure.
std::vector<ejection> plan_ejections(const ejection_settings& settings,
                                     std::span<const member_view> members,
                                     std::span<const ejection_view> health);

/// Whether an ejected member's probe, answered after `rtt`, readmits it. Pure.
bool readmits(const ejection_settings& settings,
              std::span<const member_view> members, size_t member,
              duration rtt);

} // namespace aps
