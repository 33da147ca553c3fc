#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Which of many like occurrences are told when anybody may cause them: the
/// first of each address in a window, and at its end how many more there were.
/// Addresses beyond the first `most` of a window count as one, so that a flood
/// of them takes neither memory nor attention. Pure.
class address_limit {
 public:
  struct summary {
    std::string address; ///< empty = of all other addresses
    uint64_t left_out = 0;
  };

  explicit address_limit(size_t most = 32,
                         duration window = std::chrono::seconds(10))
      : most_(most), window_(window) {}

  /// Whether this occurrence is told.
  bool admit(std::string_view address, time_point now);

  /// Windows that ended with something left out. Call from time to time.
  std::vector<summary> expire(time_point now);

  /// True while there is something for `expire` to find.
  bool pending() const noexcept { return !seen_.empty(); }

  size_t size() const noexcept { return seen_.size(); }

 private:
  struct entry {
    time_point since{};
    uint64_t left_out = 0;
  };

  size_t most_;
  duration window_;
  std::map<std::string, entry, std::less<>> seen_;
};

} // namespace aps
