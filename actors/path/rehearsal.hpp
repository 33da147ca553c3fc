#pragma once

#include "actors/messages.hpp"

#include <deque>
#include <optional>
#include <utility>

namespace aps {

/// The faults of one connection that an operator rehearses: what its link
/// brings stays here until it is due, in order. A connection has one only when
/// it was asked for. It has no timer: that is the connection's.
class rehearsal {
 public:
  /// Nothing that comes is looked at before `until`.
  void stall(time_point until) noexcept { stalled_until_ = until; }

  /// Everything that comes from now on is looked at so much later; 0 = at once.
  void delay(duration time) noexcept { delay_ = time; }

  /// Keeps `batch` for later; when it is due. Nothing = it is not held back,
  /// and untouched. Precondition: what is due by `now` was taken.
  std::optional<time_point> hold(link_frames& batch, time_point now);

  /// The first that is due by `now`.
  std::optional<link_frames> take_due(time_point now);

 private:
  time_point stalled_until_{};
  duration delay_{};
  std::deque<std::pair<time_point, link_frames>> held_;
};

} // namespace aps
