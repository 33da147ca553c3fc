#pragma once

#include "transports/seam/process/exception_watch.hpp"

#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/importer/process.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace aps {

/// A sum that somebody else keeps, e.g. the log its lost lines.
struct outside_sum {
  const char* name; ///< without prefix and suffix
  const char* help;
  std::function<uint64_t()> value; ///< empty = always zero
  bool rises = true; ///< false: no sum, it may also fall
};

/// What every process of ours counts outside of CAF's registry. `exceptions`
/// may be null, `log_dropped` empty.
std::vector<outside_sum>
process_sums(std::shared_ptr<exception_watch> exceptions,
             std::function<uint64_t()> log_dropped);

/// Shows what runs in this process, what it uses of the machine, and `sums`.
/// Thread-safe.
class process_metrics {
 public:
  process_metrics(caf::telemetry::metric_registry& registry,
                  std::vector<outside_sum> sums, std::string_view version);

  /// Has a look; to be called before the registry is rendered.
  void update();

 private:
  std::mutex mutex_;
  caf::telemetry::metric_registry& registry_;
  caf::telemetry::importer::process process_;
  std::vector<std::pair<outside_sum, caf::telemetry::int_gauge*>> sums_;
};

} // namespace aps
