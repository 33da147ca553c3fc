#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>

namespace aps {

/// How fast a peer has to move bytes while it is its turn.
struct progress_rule {
  duration silence{};    ///< no byte for so long is too slow; 0 = no rule
  uint64_t min_rate = 0; ///< bytes per second over `silence`; 0 = any
};

/// Judges a peer by its progress: it may neither be silent for a
/// whole period nor move less in one than the rate asks for, or than there
/// was to move when the period began. Told now and then how far the peer is;
/// what happens between is of no interest. Pure; not thread-safe.
class progress_watch {
 public:
  /// It is the peer's turn: it moved `moved` bytes in all, and `owed` more
  /// wait for it (or all that it likes). False when it is too slow.
  bool keeps_up(time_point now, uint64_t moved, uint64_t owed,
                const progress_rule& rule) noexcept;

  /// It is not the peer's turn; the next period begins anew.
  void rest() noexcept { running_ = false; }

 private:
  void begin(time_point now, uint64_t moved, uint64_t owed,
             const progress_rule& rule) noexcept;

  bool running_ = false;
  time_point began_{};
  time_point last_move_{};
  uint64_t last_moved_ = 0;
  uint64_t goal_ = 0; // what `moved` has to reach in this period
};

} // namespace aps
