#pragma once

#include "transports/seam/exchange/windows.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/limits/byte_budget.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

namespace aps {

/// Lets the windows of one exchange grow where they hold a transfer back, at
/// the cost of a budget for the windows of all (`most_window_growth`).
///
/// A receiver looks when the sender's credit has ended and the application has
/// taken everything: then the window may be what holds back. It measures from
/// one such moment to another, over two windows of bytes, and doubles the
/// window; if that makes the transfer faster, it was, and stays so. Otherwise
/// the way is what holds back: the window becomes what it was, and is left
/// alone for a while. So a window grows to about the product of bandwidth and
/// delay, who reads slowly has one that stays, and transfers of less than three
/// windows cost nothing. Thread: the exchange's.
class window_growth {
 public:
  /// A larger window has to make a transfer faster by an eighth.
  static constexpr double least_gain = 1.125;

  /// What is left of the budget is never taken by more than a quarter at a
  /// time: those that come late can still grow, if less.
  static constexpr size_t least_left = 4;

  /// Windows of bytes that are measured.
  static constexpr uint64_t measured = 2;

  /// Windows of bytes until the next try after one in vain.
  static constexpr uint64_t patience = 32;

  /// Windows grow up to `most` bytes while `budget` lasts; else not at all.
  void begin(std::shared_ptr<byte_budget> budget, uint32_t most);

  /// Lets `out` take `window` bytes of credit from the next ack on, when that
  /// is more than it may, or as much of it as there is. It keeps what it took
  /// until the end: a receiver that names less can have all of it back at once.
  void cover(send_window& out, uint32_t window) {
    if (window > out.most() && share_)
      adapt(out, window);
  }

  /// The application took `bytes` of `in`; an ack to send when one is due, as
  /// one is when the window becomes another one.
  std::optional<ack_frame> consume(receive_window& in, size_t bytes,
                                   const executor& clock) {
    auto due = in.consume(bytes);
    if (in.consumed() >= next_look_ && in.is_starving()
        && judge(in, clock.now()))
      due = in.current_ack();
    return due;
  }

  /// The exchange is over: others may grow.
  void end() noexcept;

 private:
  enum class phase : uint8_t { settling, measuring };

  bool take(size_t bytes);
  size_t within_reach() const;
  void adapt(send_window& out, uint32_t window);
  bool judge(receive_window& in, time_point now);
  bool widen(receive_window& in, double rate);
  bool go_back(receive_window& in);
  void settle(const receive_window& in, uint64_t windows);

  std::optional<byte_share> share_; ///< none = nothing may grow
  uint64_t next_look_ = std::numeric_limits<uint64_t>::max(); ///< consumed
  uint64_t mark_ = 0;      ///< consumed when the measurement began
  time_point marked_{};    ///< when that was
  double rate_before_ = 0; ///< bytes per s with `before_`; 0 = unknown
  uint32_t before_ = 0;    ///< the window before the last growth
  uint32_t most_ = 0;
  uint32_t unused_ = 0; ///< bytes of the share that go back soon
  phase phase_ = phase::settling;
};

} // namespace aps
