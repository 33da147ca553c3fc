#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>

namespace aps {

struct backoff_settings {
  duration first = std::chrono::milliseconds(100);
  duration max = std::chrono::seconds(30);
};

/// Jittered exponential backoff: the first retry at once, then `first`,
/// doubling up to `max`, each between half and all of it. Pure but for its
/// own random state.
class backoff {
 public:
  explicit backoff(backoff_settings settings = {}, uint64_t seed = 1)
      : settings_(settings), random_(seed | 1) {}

  /// How long to wait before the next try.
  duration next();

  /// It worked: start over.
  void reset() { tries_ = 0; }

  uint32_t tries() const noexcept { return tries_; }

 private:
  backoff_settings settings_;
  uint64_t random_;
  uint32_t tries_ = 0;
};

} // namespace aps
