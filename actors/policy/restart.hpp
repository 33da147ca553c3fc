#pragma once

#include "actors/policy/backoff.hpp"

#include <algorithm>
#include <deque>

namespace aps {

/// When may something that was lost be replaced? The first time at once, then
/// with pauses in proportion to the outage (`backoff`), until a replacement
/// proved itself by staying or by working. Losses of one moment count as one.
/// Pure.
class restart_pacer {
 public:
  explicit restart_pacer(backoff_settings settings = {}, uint64_t seed = 1)
      : pause_(settings, seed) {}

  /// Something was lost. `proven` = it had shown that starting works, by its
  /// age or by its work; then a new outage begins.
  void on_lost(bool proven, time_point now);

  /// A replacement is tried now. The next try need not wait for what becomes
  /// of this one: one that hangs delays nothing.
  void on_tried(time_point now);

  /// A replacement was tried and did not come about.
  void on_failed(time_point now);

  /// The other side asked for a pause.
  void hold(time_point until) { held_ = std::max(held_, until); }

  /// A replacement stands; whether it stays is not known yet.
  void on_up();

  /// What stood in the way is gone: no need to wait any longer.
  void hurry(time_point now) {
    since_ = now;
    next_ = held_ = {};
  }

  bool due(time_point now) const noexcept { return now >= next(); }

  /// Whether the last try failed: one should feel the way for the others.
  bool careful() const noexcept { return failed_; }

  /// Whether something is tried and nothing came of it yet.
  bool trying() const noexcept { return trying_; }

  time_point next() const noexcept { return std::max(next_, held_); }

  /// For how long nothing came of it.
  duration outage(time_point now) const noexcept {
    return trying_ ? now - since_ : duration::zero();
  }

 private:
  void begin(time_point now);

  backoff pause_;
  time_point since_{}; ///< when the outage began
  time_point touched_{}; ///< when it was last heard of
  time_point next_{};
  time_point held_{};
  bool trying_ = false;
  bool failed_ = false;
};

/// How long a try to connect may take. Of those under way at once, one is
/// patient, for networks that are slow; the others are given up soon, for a
/// network may have swallowed them. `usual` = what the last success took.
duration dial_patience(duration outage, duration usual, bool patient);

/// Whether a life of this length shows that starting works.
constexpr bool is_proven(duration lived) noexcept {
  return lived >= std::chrono::milliseconds(500);
}

/// Restart intensity (OTP): more than `count` events within `window`? Pure.
class restart_intensity {
 public:
  /// As supervisors begin: five in half a minute.
  restart_intensity() : restart_intensity(5, std::chrono::seconds(30)) {}

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
