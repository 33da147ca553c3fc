#pragma once

#include "transports/seam/executor.hpp"

#include <map>
#include <string>

namespace aps {

/// How fast one address may open links that prove nothing: some at once, then
/// so many per second. One that proves who it is gives its turn back, so that
/// agents are never slowed, however many come. Knows a bounded number of
/// addresses; those beyond it count as one. Pure.
class link_rate {
 public:
  static constexpr double burst = 250;
  static constexpr double per_second = 25;
  static constexpr size_t most_addresses = 1024;

  /// Whether the next link of `address` may come.
  bool admit(const std::string& address, time_point now);

  /// A link of `address` proved who it is.
  void give_back(const std::string& address);

  size_t size() const noexcept { return all_.size(); }

 private:
  struct bucket {
    double used = 0;
    time_point since{};
  };

  static double used_of(const bucket& bucket, time_point now) noexcept;
  bucket& bucket_of(const std::string& address, time_point now);

  std::map<std::string, bucket> all_;
  time_point swept_{};
};

} // namespace aps
