#pragma once

#include "actors/agent/refusal_log.hpp"
#include "config/access/target_rules.hpp"
#include "transports/seam/origins.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aps {

/// Keeps an agent from targets that its rules do not let in; those that were
/// wanted all the same are counted (`aps_agent_targets_forbidden_total`), and
/// some are written. Lives as long as anything that connects to targets.
/// Thread-safe.
class target_guard {
 public:
  /// Labels of the metric.
  struct names {
    std::string tunnel;
    std::string endpoint;
  };

  /// Throws std::runtime_error for what is no pattern.
  target_guard(const std::vector<std::string>& patterns,
               caf::telemetry::metric_registry& registry, const names& of,
               component_log log);

  bool admits(const origin_destination& to) const;

  void on_forbidden(const origin_destination& to);

  /// Touches no metrics from now on.
  void close();

 private:
  const config::target_rules rules_;
  refusal_log log_;
  std::mutex mutex_;
  caf::telemetry::int_counter* forbidden_; // by mutex_; null = closed
};
using target_guard_ptr = std::shared_ptr<target_guard>;

/// The same options for connections that `guard` watches.
origin_options guarded(origin_options options, target_guard_ptr guard);

} // namespace aps
