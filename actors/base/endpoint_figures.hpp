#pragma once

#include "actors/policy/breaker.hpp"
#include "transports/seam/frame.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace aps {

inline constexpr size_t transport_kinds = 3;

static_assert(static_cast<size_t>(transport_kind::poll) == transport_kinds);

/// Position of a transport in a list of all.
constexpr size_t index_of(transport_kind transport) noexcept {
  return static_cast<size_t>(transport) - 1;
}

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
