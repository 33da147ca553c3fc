#pragma once

#include "actors/policy/balance.hpp"
#include "transports/seam/outcome.hpp"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <span>

namespace aps {

/// When a target that refuses is left alone, and for how long.
struct target_rest {
  uint32_t refusals = 3; ///< in a row
  duration first = std::chrono::seconds(1); ///< doubles with each rest
  duration longest = std::chrono::seconds(60);
};

/// Whether an exchange that ended so never met a target that works: nobody
/// listens, or answers in time.
bool is_refusal(outcome how) noexcept;

/// One target as one endpoint meets it, judged by what visitors' requests met.
/// It rests when it refused several in a row; after that the next request is
/// its probe. Pure.
class target_health {
 public:
  enum class change { none, rests, recovered };

  /// Outcomes that say nothing about the target change nothing.
  change note(outcome how, time_point now, const target_rest& settings = {});

  bool rests(time_point now) const noexcept { return now < until_; }
  duration pause() const noexcept { return pause_; } ///< the last one
  uint32_t refusals() const noexcept { return refusals_; } ///< in a row

 private:
  uint32_t refusals_ = 0;
  duration pause_{};
  time_point until_{};
};

/// Takes out what rests, unless nothing else is usable; then returns false.
/// Pure.
bool leave_out_resting(std::span<choice_view> choices);

/// The targets of one endpoint that lately refused, by mapping. A tunnel asks,
/// the endpoint's pools tell. Thread-safe, and free of locks while all is well.
class target_watch {
 public:
  struct verdict {
    target_health::change change = target_health::change::none;
    duration pause{};
    uint32_t refusals = 0;
  };

  verdict note(size_t mapping, outcome how, time_point now);
  bool rests(size_t mapping, time_point now) const;

 private:
  mutable std::mutex mutex_;
  std::map<size_t, target_health> refusing_; ///< one for each mapping at most
  std::atomic<size_t> size_{0};
};

} // namespace aps
