#pragma once

#include "actors/policy/backoff.hpp"

#include <deque>

namespace aps {

/// When may something that was lost be replaced? The first time at once, then
/// with jittered exponential backoff, until a replacement proved itself by
/// staying or by working. Losses of one moment count as one. Pure.
class restart_pacer {
 public:
  explicit restart_pacer(backoff_settings settings = {}, uint64_t seed = 1)
      : pause_(settings, seed) {}

  /// Something was lost. `proven` = it had shown that starting works, by its
  /// age or by its work.
  void on_lost(bool proven, time_point now);

  /// A replacement was tried and did not come about.
  void on_failed(time_point now);

  /// The other side asked for a pause.
  void hold(time_point until) { next_ = std::max(next_, until); }

  /// A replacement stands; whether it stays is not known yet.
  void on_up();

  /// What stood in the way is gone: no need to wait any longer.
  void hurry() {
    pause_.reset();
    next_ = {};
  }

  bool due(time_point now) const noexcept { return now >= next_; }

  /// Whether the last try failed: one should feel the way for the others.
  bool careful() const noexcept { return failed_; }

  time_point next() const noexcept { return next_; }

 private:
  backoff pause_;
  time_point next_{};
  bool failed_ = false;
};

/// Whether a life of this length shows that starting works.
constexpr bool is_proven(duration lived) noexcept {
  return lived >= std::chrono::milliseconds(500);
}

/// Restart intensity (OTP): more than `count` events within `window`? Pure.
class restart_intensity {
 public:
  restart_intensity(size_t count, duration window)
      : count_(count), window_(window) {}

  /// Notes an event; true when there are too many by now.
  bool add(time_point now);

  bool exceeded(time_point now) const;

  /// From when on there are not too many any more, if none comes; the epoch
  /// when there are not.
  time_point over_at() const {
    return events_.size() > count_
             ? events_[events_.size() - count_ - 1] + window_
             : time_point{};
  }

  void set(size_t count, duration window) {
    count_ = count;
    window_ = window;
  }

 private:
  size_t count_;
  duration window_;
  std::deque<time_point> events_;
};

} // namespace aps
