#pragma once

#include "config/delivery/delivery.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/outcome.hpp"

#include <cstdint>
#include <optional>

namespace aps {

/// The deadlines that a mapping has for one exchange (`timeouts`), beside those
/// of its listener. Pure.
class exchange_deadlines {
 public:
  exchange_deadlines() = default;

  /// `own` null = the mapping has none.
  exchange_deadlines(const config::timeouts* own, time_point begun);

  /// The one for the head of the answer: its own, or else the listener's.
  duration first_byte(duration listeners) const noexcept {
    return first_byte_ > duration::zero() ? first_byte_ : listeners;
  }

  /// Whether there is any to look at.
  bool any() const noexcept {
    return idle_ > duration::zero() || total_ > duration::zero();
  }

  struct view {
    bool answered = false; ///< the head of its answer is with the visitor
    bool upgraded = false; ///< bytes of another protocol
    bool held_up = false;  ///< the visitor has not taken all yet
    uint64_t progress = 0; ///< what passed, either way
  };

  /// What took too long by now, if anything did.
  std::optional<outcome> look(const view& at, time_point now);

 private:
  duration first_byte_{};
  duration idle_{};
  duration total_{};
  time_point begun_{};
  time_point moved_{}; ///< when it passed something last
  uint64_t progress_ = 0;
};

} // namespace aps
