#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>

namespace aps {

/// How fast bytes have to come, or to be taken.
struct pace_limit {
  duration silence = duration::zero(); ///< without any byte; 0 = no limit
  uint64_t bytes_per_second = 0;       ///< averaged over `silence`; 0 = any
};

enum class pace_verdict : uint8_t { fine, silent, slow };

/// Judges one direction of a stream by how its count of bytes grows. Pure.
class pace_watch {
 public:
  /// Nothing was owed so far; the next look begins anew.
  void restart() noexcept { running_ = false; }

  /// `bytes`: all so far, never less than before.
  pace_verdict look(time_point now, uint64_t bytes,
                    const pace_limit& limit) noexcept;

 private:
  bool running_ = false;
  time_point since_;   // of the span whose rate is measured
  time_point last_at_; // when a byte was seen last
  uint64_t at_start_ = 0;
  uint64_t last_ = 0;
};

/// Bytes that the peer's kernel has taken so far; 0 where that is not known.
/// Unlike the end of a write, it grows while a big write is under way.
uint64_t acknowledged_bytes(int socket) noexcept;

} // namespace aps
