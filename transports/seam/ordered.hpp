#pragma once

#include "transports/seam/executor.hpp"

#include <atomic>
#include <utility>

namespace aps {

/// Runs calls on one unit in the order in which they were made: at once when
/// made on the unit's thread with nothing pending, else posted. A plain
/// dispatch would let a call made on the thread overtake posted ones.
class ordered_dispatch {
 public:
  explicit ordered_dispatch(executor& unit) : unit_(unit) {}

  executor& unit() const noexcept { return unit_; }

  /// `keep` owns the object that holds this dispatcher. Thread: any.
  template <class Owner, class Work>
  void run(const Owner& keep, Work&& work) {
    if (pending_.load(std::memory_order_acquire) == 0 && unit_.on_thread())
      return work();
    pending_.fetch_add(1, std::memory_order_acq_rel);
    unit_.post([this, keep, work = std::forward<Work>(work)]() mutable {
      pending_.fetch_sub(1, std::memory_order_acq_rel);
      work();
    });
  }

 private:
  executor& unit_;
  std::atomic<uint32_t> pending_{0};
};

} // namespace aps
