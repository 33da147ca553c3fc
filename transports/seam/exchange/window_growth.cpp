#include "transports/seam/exchange/window_growth.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

void window_growth::begin(std::shared_ptr<byte_budget> budget, uint32_t most) {
  assert(budget && !share_);
  share_.emplace(std::move(budget));
  most_ = std::min(most, max_grown_window);
  next_look_ = 0;
}

void window_growth::end() noexcept {
  share_.reset();
  next_look_ = std::numeric_limits<uint64_t>::max();
}

size_t window_growth::within_reach() const {
  return share_->left() / least_left;
}

bool window_growth::take(size_t bytes) {
  return bytes <= within_reach() && share_->grow(bytes);
}

void window_growth::adapt(send_window& out, uint32_t window) {
  assert(share_);
  const auto now = out.most();
  const auto more = std::min<size_t>(
    std::min(window, most_) - std::min(now, most_), within_reach());
  if (more > 0 && share_->grow(more))
    out.take_up_to(now + static_cast<uint32_t>(more));
}

bool window_growth::judge(receive_window& in, time_point now) {
  assert(share_);
  if (phase_ == phase::settling) {
    // What the sender had by a larger window is through.
    share_->shrink(std::exchange(unused_, 0));
    phase_ = phase::measuring;
    mark_ = in.consumed();
    marked_ = now;
    next_look_ = mark_ + measured * in.window();
    return false;
  }
  const auto seconds = std::chrono::duration<double>(now - marked_).count();
  const auto rate
    = static_cast<double>(in.consumed() - mark_) / std::max(seconds, 1e-6);
  return rate_before_ > 0 && rate < rate_before_ * least_gain ? go_back(in)
                                                              : widen(in, rate);
}

bool window_growth::widen(receive_window& in, double rate) {
  const auto now = in.window();
  const auto window
    = static_cast<uint32_t>(std::min<uint64_t>(most_, uint64_t{now} * 2));
  if (window <= now || !take(window - now)) {
    rate_before_ = 0;
    settle(in, patience);
    return false;
  }
  rate_before_ = rate;
  before_ = now;
  in.give(window);
  settle(in, 1);
  return true;
}

bool window_growth::go_back(receive_window& in) {
  assert(before_ < in.window());
  unused_ = in.window() - before_;
  in.give(before_);
  rate_before_ = 0;
  settle(in, patience);
  return true;
}

// What comes next still goes by the former window, which `patience` exceeds.
void window_growth::settle(const receive_window& in, uint64_t windows) {
  phase_ = phase::settling;
  next_look_ = in.consumed() + windows * in.window();
}

} // namespace aps
