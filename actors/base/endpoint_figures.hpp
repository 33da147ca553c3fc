#pragma once

#include "actors/base/transports.hpp"
#include "actors/policy/health/breaker.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace aps {

/// What a pool counts while it works. It alone writes; each figure is true by
/// itself, together they may be of two moments.
struct pool_figures {
  std::atomic<bool> exists{false};
  std::atomic<uint32_t> size{0};    ///< members
  std::atomic<uint32_t> busy{0};    ///< members that carry something
  std::atomic<uint32_t> waiting{0}; ///< in its queue
  std::atomic<bool> weak{false};    ///< degraded, or below its minimum

  /// The pool is gone.
  void clear() noexcept {
    exists = weak = false;
    size = busy = waiting = 0;
  }
};

/// An endpoint as its actors keep it up to date, so that who sums up thousands
/// of them need not ask each. Shared by tunnel, controller and pools.
struct endpoint_figures {
  std::atomic<breaker_state> state{breaker_state::primary};
  std::array<pool_figures, transport_kinds> pools;
};

} // namespace aps
