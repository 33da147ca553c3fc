#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace aps {

/// Which of many equal log lines are written: the first few of each window,
/// then one that says how many were left out. Beyond `max_keys` different ones
/// within a window the rest count as one, so that neither memory nor log grow
/// with the number of those who cause them. Pure.
class repeat_limit {
 public:
  static constexpr size_t max_keys = 256;
  static constexpr auto other_lines = "other lines";

  struct summary {
    std::string key;
    uint64_t left_out = 0;
  };

  explicit repeat_limit(uint32_t per_window = 10,
                        duration window = std::chrono::seconds(10))
      : per_window_(per_window), window_(window) {}

  /// Whether the line of this key is to be written.
  bool admit(const std::string& key, time_point now);

  /// Windows that ended with lines left out. Call from time to time.
  std::vector<summary> expire(time_point now);

  /// True while there is something for `expire` to find.
  bool pending() const noexcept { return !seen_.empty(); }

 private:
  struct entry {
    time_point since{};
    uint64_t count = 0;
  };

  uint32_t per_window_;
  duration window_;
  std::unordered_map<std::string, entry> seen_;
};

} // namespace aps
