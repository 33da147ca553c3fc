#pragma once

#include "transports/seam/executor.hpp"

#include <algorithm>

namespace aps {

/// So many at once, and so many more in a second. Pure; not thread-safe.
class token_bucket {
 public:
  /// Takes `some` out of it; false = it has fewer, and nothing is taken.
  bool take(double some, time_point now, double burst,
            double per_second) noexcept {
    const auto used = used_at(now, per_second);
    if (used + some > burst)
      return false;
    used_ = used + some;
    since_ = now;
    return true;
  }

  /// Puts back what was taken.
  void give(double some) noexcept { used_ = std::max(0.0, used_ - some); }

  /// What was taken and did not come back with time.
  double used_at(time_point now, double per_second) const noexcept {
    const std::chrono::duration<double> passed = now - since_;
    return std::max(0.0, used_ - passed.count() * per_second);
  }

 private:
  double used_ = 0;
  time_point since_{};
};

} // namespace aps
