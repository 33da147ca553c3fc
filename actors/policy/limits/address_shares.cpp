#include "actors/policy/limits/address_shares.hpp"

#include "transports/seam/peer_address.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t small_share = 32;

// Addresses that hold nothing, and may come again with their next request.
constexpr size_t kept_addresses = 64;

} // namespace

hold address_shares::take(std::string_view address) {
  std::lock_guard guard{mutex_};
  const auto i = counts_.try_emplace(peer_group(address), 0).first;
  ++i->second;
  ++total_;
  return {this, [self = shared_from_this(), i](void*) {
            std::lock_guard guard{self->mutex_};
            --self->total_;
            if (--i->second == 0 && self->counts_.size() > kept_addresses)
              self->counts_.erase(i);
          }};
}

size_t address_shares::of(std::string_view address) const {
  std::lock_guard guard{mutex_};
  const auto i = counts_.find(peer_group(address));
  return i == counts_.end() ? 0 : i->second;
}

size_t share_of(size_t all, size_t percent) noexcept {
  return std::min(all, std::max(all * percent / 100, small_share));
}

bool is_over_share(size_t count, size_t all, size_t percent) noexcept {
  const auto share = share_of(all, percent);
  return share < all && count >= share;
}

// Seldom do all together have so much: that is asked first.
bool fair_share::refuses(const address_shares& held, std::string_view address,
                         size_t all) const {
  return percent_ < 100 && is_over_share(held.total(), all, percent_)
         && !trusted_.contains(address)
         && is_over_share(held.of(address), all, percent_);
}

} // namespace aps
