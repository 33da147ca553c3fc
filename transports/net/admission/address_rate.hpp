#pragma once

#include "transports/seam/limits/token_bucket.hpp"

#include <map>
#include <string>

namespace aps {

/// How often the peers of one address may do something that costs: some at
/// once, then so many per second (a bucket of tokens each). What turns out well
/// gives its turn back, so that honest peers are not slowed, however many come.
/// Knows a bounded number of addresses; those beyond it count as one. Pure.
class address_rate {
 public:
  static constexpr size_t most_addresses = 1024;

  /// `burst` at least 1.
  address_rate(double burst, double per_second) noexcept
      : burst_(burst), per_second_(per_second) {}

  /// Whether the next one of `address` may come.
  bool admit(const std::string& address, time_point now);

  /// One of `address` does not count.
  void give_back(const std::string& address);

  size_t size() const noexcept { return all_.size(); }

 private:
  token_bucket& bucket_of(const std::string& address, time_point now);

  const double burst_;
  const double per_second_;
  std::map<std::string, token_bucket> all_;
  time_point swept_{};
};

} // namespace aps
