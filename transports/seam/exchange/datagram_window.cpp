#include "transports/seam/exchange/datagram_window.hpp"

#include <cassert>
#include <utility>

namespace aps {

std::optional<datagram_frame> datagram_window::next(slice bytes) {
  assert(base_ <= next_ && bytes.size() <= max_datagram_bytes);
  if (next_ >= base_ + window_) {
    drop();
    return std::nullopt;
  }
  const auto at = next_;
  next_ += datagram_cost(bytes.size());
  return datagram_frame{at, std::move(bytes)};
}

bool datagram_window::hold(slice bytes) {
  assert(bytes.size() <= max_datagram_bytes);
  if (held_cost_ >= window_) {
    drop();
    return false;
  }
  held_cost_ += datagram_cost(bytes.size());
  held_.push_back(std::move(bytes));
  return true;
}

std::vector<slice> datagram_window::take_held() noexcept {
  held_cost_ = 0;
  return std::exchange(held_, {});
}

bool datagram_window::ack(uint64_t offset, uint32_t window) noexcept {
  if (offset > next_)
    return false;
  if (window > 0)
    window_ = std::min(window, most_);
  base_ = std::max(base_, offset);
  return true;
}

bool datagram_window::rewind(uint64_t offset) noexcept {
  if (offset < base_ || offset > next_)
    return false;
  next_ = offset;
  return true;
}

void datagram_window::restart(uint32_t window) noexcept {
  window_ = std::min(window, most_);
  base_ = next_ = 0;
}

std::unique_ptr<datagram_window> datagrams_of(const request_head& head,
                                              uint32_t window, uint32_t most) {
  if (!head.carries_datagrams())
    return nullptr;
  return std::make_unique<datagram_window>(window, most);
}

} // namespace aps
