#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

namespace aps {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;
using duration = clock_type::duration;

constexpr double to_seconds(duration value) noexcept {
  return std::chrono::duration<double>(value).count();
}

/// One I/O unit as both sides of the seam see it: a thread that runs what is
/// posted to it, in order. Everything bound to a unit is touched only there.
class executor {
 public:
  virtual ~executor() = default;

  /// Runs `work` on the unit's thread, after what was posted before.
  /// Thread: any. `work` must not throw.
  virtual void post(std::function<void()> work) = 0;

  /// True on the unit's own thread.
  virtual bool on_thread() const noexcept = 0;

  /// The time as this unit sees it (virtual time in simulations).
  virtual time_point now() const noexcept = 0;

  /// Position of this unit in its network; below `network::units()`.
  virtual size_t index() const noexcept = 0;
};

/// Runs `work` at once on the unit's own thread, else posts it.
template <class Work>
void dispatch(executor& unit, Work&& work) {
  if (unit.on_thread())
    work();
  else
    unit.post(std::forward<Work>(work));
}

} // namespace aps
