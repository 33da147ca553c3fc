#pragma once

#include "actors/policy/balance.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/outcome.hpp"

#include <atomic>
#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace aps {

/// When a target that refuses is left alone, and for how long.
struct target_rest {
  uint32_t refusals = 3;                    ///< in a row
  duration first = std::chrono::seconds(1); ///< doubles with each rest
  duration longest = std::chrono::seconds(60);
};

/// Whether an exchange that ended so never met a target that works: nobody
/// listens, or answers in time.
bool is_refusal(outcome outcome) noexcept;

/// What a check says of its target.
enum class check_verdict : uint8_t {
  good,
  bad,
  skipped, ///< nothing: the way to the agent failed, or had no place
};

std::string_view to_string(check_verdict verdict) noexcept;

/// `status` counts if the answer is complete (`outcome::ok`). Pure.
check_verdict judge(outcome outcome, uint16_t status,
                    const config::health_check& rule) noexcept;

/// One target as one agent meets it, judged by what visitors' requests met and
/// by checks of its own. It rests when it refused several requests in a row;
/// after that the next request is its probe. It is down while checks say so,
/// whatever requests meet. Pure.
class target_health {
 public:
  enum class change { none, rests, recovered, down, up };

  /// Outcomes that say nothing about the target change nothing.
  change note(outcome outcome, time_point now,
              const target_rest& settings = {});

  /// A check said something.
  change check(bool good, const config::health_check& rule);

  bool rests(time_point now) const noexcept { return down_ || now < until_; }
  bool down() const noexcept { return down_; }
  bool idle() const noexcept;                              ///< as if new
  duration pause() const noexcept { return pause_; }       ///< the last one
  uint32_t refusals() const noexcept { return refusals_; } ///< in a row

 private:
  uint32_t refusals_ = 0;
  duration pause_{};
  time_point until_{};
  uint32_t against_ = 0; ///< checks in a row that contradict `down_`
  bool down_ = false;
};

/// Takes out what rests, unless nothing else is usable; then returns false.
/// Pure.
bool leave_out_resting(std::span<choice_view> choices);

/// A target of a mapping, as one agent meets it.
struct target_key {
  uint64_t mapping = 0; ///< `route::identity`
  session_id session{};
  auto operator<=>(const target_key&) const = default;
};

/// The targets of one endpoint that lately failed, by mapping and agent. A
/// tunnel asks, the endpoint's pools and the checks tell. Thread-safe, and free
/// of locks while all is well.
class target_watch {
 public:
  struct verdict {
    target_health::change change = target_health::change::none;
    duration pause{};
    uint32_t refusals = 0;
  };

  /// One that is passed over.
  struct resting {
    target_key key;
    bool down = false; ///< by checks; else by requests
    std::string reason;
  };

  verdict note(const target_key& key, outcome outcome, time_point now);

  /// `reason` says what is wrong with a bad one.
  target_health::change check(const target_key& key, bool good,
                              const config::health_check& rule,
                              const std::string& reason);

  /// Nobody checks it any more; true if it was down.
  bool lift(const target_key& key);

  /// Forgets those of mappings of which that is false.
  void keep_if(const std::function<bool(uint64_t mapping)>& known);

  /// Forgets all agents but these.
  void keep(std::span<const session_id> sessions);

  bool empty() const noexcept { return size_ == 0; }
  bool rests(const target_key& key, time_point now) const;

  /// Whether that target rests for every agent.
  bool rests(uint64_t mapping, std::span<const session_id> sessions,
             time_point now) const;

  std::vector<resting> list(time_point now) const;

 private:
  struct watched {
    target_health health;
    std::string reason;
  };
  using table = std::map<target_key, watched>;

  void drop_if_idle(table::iterator which);
  bool rests_locked(const target_key& key, time_point now) const;

  mutable std::mutex mutex_;
  table failing_; ///< one for each mapping and agent at most
  std::atomic<size_t> size_{0};
};

} // namespace aps
