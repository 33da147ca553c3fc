#pragma once

#include "actors/actors.hpp"
#include "actors/events.hpp"
#include "actors/policy/limits/address_limit.hpp"
#include "transports/seam/limits/limit.hpp"
#include "transports/seam/outcome.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace aps {

/// Everybody who was refused or cut because of a limit comes by here
/// (`front::on_limit`): each is counted, a few are told to the monitor.
/// Strangers decide how often, so a call costs no message, and memory has a
/// bound. Thread-safe.
class limit_log {
 public:
  explicit limit_log(caf::telemetry::metric_registry& registry);

  /// Who is told from now on.
  void set_monitor(monitor_actor whom);

  /// Touches neither actors nor metrics from now on.
  void close();

  void on_limit(limit kind, std::string_view peer, std::string_view detail);

  /// Whether an answer of the node by itself to `peer` is told, or only summed
  /// up later (`expire`), both as events of that kind. Whoever asks counts it.
  bool admits(outcome outcome, std::string_view peer,
              event_kind kind = event_kind::exchange_failed);

  /// Events about what was left out since. Called by the monitor's tick.
  std::vector<event> expire(time_point now);

  bool pending() const;

  uint64_t count(limit kind) const noexcept {
    return rows_[static_cast<size_t>(kind)].count.load(
      std::memory_order_relaxed);
  }

 private:
  struct row {
    std::atomic<uint64_t> count{0};
    caf::telemetry::int_counter* metric = nullptr; // by mutex_
    address_limit told; // by mutex_
  };

  std::array<row, limit_kinds> rows_;
  std::map<std::pair<event_kind, outcome>, address_limit>
    own_answers_; // by mutex_
  mutable std::mutex mutex_;
  monitor_actor monitor_; // by mutex_
  bool closed_ = false;   // by mutex_
};
using limit_log_ptr = std::shared_ptr<limit_log>;

} // namespace aps
