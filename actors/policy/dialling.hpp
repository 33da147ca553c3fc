#pragma once

#include "actors/policy/restart.hpp"

#include <cstdint>
#include <optional>

namespace aps {

/// The connections of one transport that an agent has or makes.
struct dial_view {
  uint32_t wanted = 1;
  uint32_t live = 0;
  uint32_t under_way = 0; ///< dialled, or not yet welcome
  time_point tried_at{};  ///< when one was dialled last
  duration usual{};       ///< what dials that succeed take
};

/// When the next dial may begin, if there is one to begin. One that is on its
/// way no longer than usual does not hang.
time_point next_dial(const dial_view& lane, const restart_pacer& pace);

/// How many are to be dialled now. After a failure one dialer feels its way,
/// the others follow it. One that hangs delays nothing: another one is sent
/// beside it when its time has come, a few at most.
uint32_t dials_due(const dial_view& lane, const restart_pacer& pace,
                   time_point now);

/// When the transport that works in networks that break all others is used,
/// beside others: it starts when nothing else lived for a while, and ends when
/// something else did.
class last_resort {
 public:
  static constexpr duration begins_after = std::chrono::seconds(1);
  static constexpr duration ends_after = std::chrono::seconds(5);

  /// Whether others live; again and again.
  void note(bool others_live, time_point now);

  bool is_needed(time_point now) const {
    return alone_since_ && now - *alone_since_ >= begins_after;
  }

  /// Others live for long enough.
  bool is_over(time_point now) const {
    return accompanied_since_ && now - *accompanied_since_ >= ends_after;
  }

  /// When it would be needed, if the others stayed as they are.
  time_point begins(time_point now) const {
    return alone_since_.value_or(now) + begins_after;
  }

 private:
  std::optional<time_point> alone_since_;
  std::optional<time_point> accompanied_since_;
};

} // namespace aps
