#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>

namespace aps {

struct backoff_settings {
  uint32_t share = 10; ///< a pause is at most one `share`th of the outage
  duration least = std::chrono::milliseconds(20);
  duration most = std::chrono::seconds(15);
};

/// How long to wait between two tries while an outage lasts: in proportion
/// to it, so that its end is noticed after a tenth of it at the latest,
/// however long it took. Jittered: between three quarters and all of that,
/// but never below the least. Pure but for its own random state.
class backoff {
 public:
  explicit backoff(backoff_settings settings = {}, uint64_t seed = 1)
      : settings_(settings), random_(seed | 1) {}

  /// The pause after a try that began when the outage was `outage` old.
  duration pause(duration outage);

 private:
  backoff_settings settings_;
  uint64_t random_;
};

} // namespace aps
