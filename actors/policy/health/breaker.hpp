#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// gRPC carries, WebSockets do, WebSockets do while gRPC is tried.
enum class breaker_state : uint8_t { primary, fallback, probing };

std::string_view to_string(breaker_state state) noexcept;

struct breaker_settings {
  bool enabled = true;    ///< false: never leaves `primary`
  uint32_t threshold = 3; ///< consecutive transport failures
  duration hold_down = std::chrono::seconds(1);      ///< before probing
  duration max_hold_down = std::chrono::seconds(30); ///< when it flaps
  uint32_t good_probes = 3; ///< needed in a row to return
  duration probe_timeout = std::chrono::seconds(1);
};

/// Which transport is in favour? Counts consecutive transport failures of the
/// primary and decides when to leave it and when to come back. Pure.
class breaker {
 public:
  explicit breaker(breaker_settings settings, time_point now = {})
      : settings_(settings), hold_down_(settings.hold_down), changed_at_(now) {}

  /// Lives by other settings from now on; state and counts stay.
  void reconfigure(breaker_settings settings) { settings_ = settings; }

  breaker_state state() const noexcept { return state_; }

  /// True while the primary transport is to be used.
  bool use_primary() const noexcept { return state_ == breaker_state::primary; }

  /// A transport failure of the primary. True when this one reached the
  /// threshold and changed the state.
  bool on_failure(time_point now, std::string_view reason);

  /// The primary worked.
  void on_success(time_point now);

  /// True when a probe of the primary is due; the state is `probing` then.
  bool probe_due(time_point now);

  /// The number of the last probe that was due.
  uint64_t probe_number() const noexcept { return probe_number_; }

  /// True when the probe under way took too long: `on_probe(false)` is next.
  bool probe_overdue(time_point now) const noexcept {
    return probe_running_ && now - probed_at_ >= settings_.probe_timeout;
  }

  /// When to ask `probe_overdue` or `probe_due`; max = not before a failure.
  time_point due() const noexcept {
    return use_primary()    ? time_point::max()
           : probe_running_ ? probed_at_ + settings_.probe_timeout
                            : next_probe_;
  }

  /// The outcome of a probe. True when the state changed.
  bool on_probe(bool good, time_point now);

  uint32_t failures() const noexcept { return failures_; }
  uint64_t switches() const noexcept { return switches_; }
  const std::string& reason() const noexcept { return reason_; }
  time_point changed_at() const noexcept { return changed_at_; }
  time_point next_probe() const noexcept { return next_probe_; }

 private:
  void enter(breaker_state state, time_point now, std::string reason);

  breaker_settings settings_;
  breaker_state state_ = breaker_state::primary;
  uint32_t failures_ = 0;
  uint32_t good_ = 0;
  uint64_t switches_ = 0;
  bool probe_running_ = false;
  uint64_t probe_number_ = 0;
  time_point probed_at_{};
  duration hold_down_;
  time_point changed_at_{};
  time_point next_probe_{};
  std::string reason_ = "start";
};

} // namespace aps
