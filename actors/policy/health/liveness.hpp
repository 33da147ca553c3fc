#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>

namespace aps {

struct liveness_settings {
  duration ping_interval = std::chrono::seconds(1);
  duration stall_timeout = std::chrono::seconds(1);
  duration ping_timeout = std::chrono::seconds(1);
  /// A peer that talks all the time but does not answer for so long does not
  /// read; far more than any queue of an honest one takes.
  duration answer_timeout = std::chrono::seconds(60);
  /// Whether fresh round trip times are wanted, and not just signs of life.
  bool measures = true;
};

/// A connection without work for this long is at rest: so many are, that each
/// may cost next to nothing. Its pings come at a slower pace.
inline constexpr duration rest_after = std::chrono::seconds(10);
inline constexpr int rest_factor = 5;

/// Is the other side of a connection still there? Finds half-open links by
/// deadline: silence with work outstanding, or for a whole
/// ping interval without work -> ping -> no pong in time -> dead. Also who is
/// heard all the time but never answers is dead in the end. Pure.
class liveness {
 public:
  enum class action : uint8_t { none, ping, dead };

  liveness(liveness_settings settings, time_point now)
      : settings_(settings), heard_(now), worked_(now) {}

  /// Anything arrived.
  void on_heard(time_point now) { heard_ = now; }

  /// There is work, or was until now.
  void on_work(time_point now) { worked_ = now; }

  /// The pong for our last ping arrived.
  void on_pong(uint64_t token, time_point now);

  /// What to do now. After `ping` send a ping with `token()`.
  action check(bool work_outstanding, time_point now);

  /// True once per ping: half of its time is over and nothing was heard.
  bool turned_late(time_point now);

  /// When to call `turned_late` and `check` next, if nothing happens.
  time_point due(bool work_outstanding) const;

  /// Whether pings come at the pace of a connection at rest. Then a ping has
  /// to go with the first work: the last sign of life is old.
  bool resting(time_point now) const { return now - worked_ >= rest_after; }

  /// Starts a ping out of turn, e.g. as a probe. Then send `token()`.
  void force_ping(time_point now);

  uint64_t token() const noexcept { return token_; }
  bool waiting() const noexcept { return waiting_; }

  /// Smoothed round trip time (RFC 6298 weights); zero = not measured yet.
  duration rtt() const noexcept { return rtt_; }

  /// The last round trip time.
  duration sample() const noexcept { return sample_; }

 private:
  duration idle_pace() const;

  liveness_settings settings_;

  time_point heard_;
  time_point worked_;
  time_point pinged_{};
  uint64_t token_ = 0;
  bool waiting_ = false;
  bool late_ = false;
  duration rtt_{};
  duration sample_{};
};

} // namespace aps
