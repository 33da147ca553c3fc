#pragma once

#include "config/pools.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

/// What the way through tunnels does for the requests of one mapping, as the
/// file says it.
namespace aps::config {

/// How long exchanges may take (key `mappings[].timeouts`); 0 = no limit beside
/// those of all.
struct timeouts {
  seconds first_byte_timeout{0}; ///< instead of that of `http`
  seconds idle_timeout{0};       ///< silence behind the head of an answer
  seconds total_timeout{0};      ///< of all of it, unless it was upgraded
  bool operator==(const timeouts&) const = default;
};

/// Which requests are sent to another endpoint when one could not answer (key
/// `mappings[].retry`).
struct retry {
  uint32_t attempts = 2; ///< endpoints that are asked, the first one too
  uint32_t budget = 20;  ///< percent of requests that may be sent again
  /// Of answers, and of what stands for them when an agent got none.
  std::vector<uint16_t> statuses = {502, 503, 504};
  bool connect = false; ///< no connection to the target, whatever `statuses`
  std::vector<std::string> methods = {}; ///< empty = idempotent requests
  bool operator==(const retry&) const = default;

  bool has(uint16_t status) const {
    return std::find(statuses.begin(), statuses.end(), status)
           != statuses.end();
  }
};

} // namespace aps::config
