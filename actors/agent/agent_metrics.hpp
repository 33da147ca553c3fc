#pragma once

#include "transports/seam/frame.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aps {

/// Counts what an agent does at one node, in CAF's own registry. The labels
/// are the agent's own names. Belongs to the agent's actor.
class agent_metrics {
 public:
  /// Labels of all metrics.
  struct names {
    std::string tunnel;
    std::string endpoint;
    std::string server; ///< host:port
  };

  agent_metrics(caf::telemetry::metric_registry& registry, names of,
                const std::vector<transport_kind>& transports);

  /// What is no longer there is zero.
  ~agent_metrics();

  agent_metrics(const agent_metrics&) = delete;
  agent_metrics& operator=(const agent_metrics&) = delete;

  void on_dial(transport_kind transport);
  void on_dial_failed(transport_kind transport);
  void on_lost(transport_kind transport);
  void on_refused(refusal why);
  void set_live(transport_kind transport, size_t connections);
  void on_started();
  void on_over();
  void on_abandoned();

  uint64_t started() const noexcept { return started_count_; }
  uint64_t abandoned() const noexcept { return abandoned_count_; }

 private:
  struct lane {
    caf::telemetry::int_gauge* live = nullptr;
    caf::telemetry::int_counter* dials = nullptr;
    caf::telemetry::int_counter* failed = nullptr;
    caf::telemetry::int_counter* lost = nullptr;
    int64_t shown = 0; ///< our part of `live`
  };

  caf::telemetry::metric_registry& registry_;
  names names_;
  std::map<transport_kind, lane> lanes_;
  caf::telemetry::int_counter* started_;
  caf::telemetry::int_counter* abandoned_;
  caf::telemetry::int_gauge* live_;
  // The registry's may be shared with an equal agent of this process.
  uint64_t started_count_ = 0;
  uint64_t abandoned_count_ = 0;
  int64_t live_count_ = 0;
};

} // namespace aps
