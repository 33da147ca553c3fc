#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

namespace aps {

/// Which streams a client may name in a HEADERS frame: above all so far, or
/// one that it has not ended itself (RFC 9113, 5.1.1). nghttp2 forgets streams
/// that are over and then takes no offence. What a client sends on a stream
/// that we ended may have been on its way by then: of those the last ones are
/// remembered. Pure; not thread-safe.
class h2_order {
 public:
  static constexpr size_t most_rests = 256;

  /// HEADERS come on `stream`, which is one of ours or not; false = that is a
  /// connection error.
  bool admit(int32_t stream, bool is_open) noexcept {
    assert(stream > 0);
    if (stream > highest_) {
      highest_ = stream;
      return true;
    }
    return is_open
           || std::find(rests_.begin(), rests_.end(), stream) != rests_.end();
  }

  /// We ended a stream whose other half goes on.
  void on_rest(int32_t stream) noexcept {
    assert(stream > 0);
    rests_[next_] = stream;
    next_ = (next_ + 1) % most_rests;
  }

  int32_t highest() const noexcept { return highest_; }

 private:
  int32_t highest_ = 0;
  std::array<int32_t, most_rests> rests_{};
  size_t next_ = 0;
};

} // namespace aps
