#pragma once

#include "config/networks.hpp"
#include "transports/seam/limits/hold.hpp"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Who holds how many of something. What is taken comes back with the last
/// copy of its hold, on whatever path that goes. Addresses are those of
/// visitors; a /64 of IPv6 is one. Thread-safe.
class address_shares : public std::enable_shared_from_this<address_shares> {
 public:
  /// One more for `address`, until the result is gone.
  hold take(std::string_view address);

  size_t of(std::string_view address) const;

  /// Of all addresses. Free of locks, for everybody asks.
  size_t total() const noexcept {
    return total_.load(std::memory_order_relaxed);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, size_t, std::less<>> counts_; // by mutex_
  std::atomic<size_t> total_{0};
};

/// `percent` of `all`, but no less than a person's software may need at once,
/// and never more than there is.
size_t share_of(size_t all, size_t percent) noexcept;

/// Whether one that has `count` may have no more. A share that is all is none:
/// then it waits like everybody.
bool is_over_share(size_t count, size_t all, size_t percent) noexcept;

/// What one address may have of places that many want, as configured: those
/// whom the configuration trusts, and all when the share is everything, have no
/// share. Constant.
class fair_share {
 public:
  fair_share() = default;
  fair_share(size_t percent, const std::vector<std::string>& trusted)
      : percent_(percent), trusted_(trusted) {}

  /// Whether `address`, with what it holds of `all` places, may have no more.
  bool refuses(const address_shares& held, std::string_view address,
               size_t all) const;

 private:
  size_t percent_ = 100;
  config::network_set trusted_;
};

} // namespace aps
