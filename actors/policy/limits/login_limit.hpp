#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace aps {

/// How often one address may guess at a secret: a few times at once, then
/// after pauses that double. During a pause nothing is looked at, not even the
/// right secret, or guessing would not be slowed; a pause does not grow by what
/// comes in it, so that who knows the secret gets in when it is over. Knows a
/// bounded number of addresses. Pure.
class login_limit {
 public:
  static constexpr uint32_t burst = 10;
  static constexpr duration refill = std::chrono::seconds(10); ///< of one
  static constexpr duration first_pause = std::chrono::seconds(1);
  static constexpr duration longest_pause = std::chrono::seconds(60);
  static constexpr size_t most_addresses = 1024;

  /// How long this address has to wait; zero = it may try.
  duration wait(const std::string& address, time_point now) const;

  void on_failure(const std::string& address, time_point now);
  void on_success(const std::string& address) { all_.erase(address); }

  size_t size() const noexcept { return all_.size(); }

 private:
  struct entry {
    uint32_t failures = 0; ///< those that time has not forgiven
    uint32_t pauses = 0;
    time_point last{};
    time_point until{};
  };

  std::map<std::string, entry> all_;
};

} // namespace aps
