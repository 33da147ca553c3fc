#pragma once

#include "actors/messages.hpp"
#include "actors/watch/process_metrics.hpp"
#include "transports/seam/limits/hold.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The node's numbers in CAF's own registry, so that an application that
/// embeds a node sees them with its own. The values of labels are bounded:
/// tunnels stand in the configuration; 256 endpoints at a time have a label of
/// their own, until they are gone, the others are "other". CAF's registry
/// forgets nothing, so there are at most 2048 labels in a process' life.
namespace aps {

/// What is counted of the exchanges of one tunnel over one transport.
struct exchange_instruments {
  caf::telemetry::int_counter* bytes_up = nullptr;
  caf::telemetry::int_counter* bytes_down = nullptr;
  caf::telemetry::int_counter* bytes_resent = nullptr;
  caf::telemetry::int_counter* moves = nullptr;
  caf::telemetry::dbl_histogram* acquire = nullptr;
  caf::telemetry::dbl_histogram* first_byte = nullptr;
  caf::telemetry::dbl_histogram* total = nullptr;
  caf::telemetry::dbl_histogram* overhead = nullptr;
};

/// Counts exchanges. Finding an instrument takes a lock, so every unit has one
/// of these and remembers what it found. Not thread-safe.
class exchange_metrics {
 public:
  explicit exchange_metrics(caf::telemetry::metric_registry& registry);

  void on_start();
  void on_over(const exchange_record& record);

 private:
  struct cell {
    exchange_instruments all;
    /// By outcome and class of status.
    std::map<std::pair<outcome, std::string_view>,
             caf::telemetry::int_counter*>
      ended;
  };

  cell& cell_of(std::string_view tunnel, std::string_view transport);

  caf::telemetry::metric_registry& registry_;
  caf::telemetry::int_counter* started_;
  caf::telemetry::int_gauge* live_;
  std::map<std::pair<std::string, std::string>, cell, std::less<>> cells_;
};

/// Counts events, except those that are made only while somebody watches: what
/// they tell of has counters of its own. Belongs to the monitor.
class event_metrics {
 public:
  explicit event_metrics(caf::telemetry::metric_registry& registry);
  void on_event(const event& event);

 private:
  std::vector<caf::telemetry::int_counter*> by_kind_; ///< null = not counted
  caf::telemetry::int_counter* auth_failures_;
};

/// Shows pools and breakers as of a snapshot, and this process. Thread-safe.
class snapshot_metrics {
 public:
  explicit snapshot_metrics(caf::telemetry::metric_registry& registry,
                            std::vector<outside_sum> sums = {},
                            std::string_view version = {});

  /// Begins a look at a snapshot, which ends when the result goes; null while
  /// another one is under way. Then `add` for each tunnel and for each of its
  /// endpoints, then `finish`.
  hold begin();
  void add(const std::string& tunnel);
  void add(const std::string& tunnel, const endpoint_snapshot& endpoint);
  void finish();

  /// Metrics of the registry that tell of nothing which is there now.
  std::set<const void*> gone();

 private:
  using labels = std::vector<std::pair<std::string, std::string>>;
  using key = std::pair<std::string, labels>;

  void show_agents(const std::string& tunnel,
                   const endpoint_snapshot& endpoint);
  void show_pool(const pool_snapshot& pool, const std::string& endpoint);
  void show_fallback(const std::string& tunnel, const std::string& endpoint,
                     const controller_snapshot& state);
  void add(const char* name, const labels& labels, double value,
           const char* unit = "1");
  std::string bounded(const std::string& tunnel, const std::string& endpoint);
  void release_labels();

  std::mutex mutex_;
  caf::telemetry::metric_registry& registry_;
  process_metrics process_;
  /// A value that grows while a look is under way.
  struct shown {
    caf::telemetry::dbl_gauge* gauge = nullptr;
    uint64_t look = 0; ///< the last one that found it
    double value = 0;
  };

  std::map<key, shown> gauges_;
  uint64_t look_ = 0;
  std::shared_ptr<std::atomic<bool>> busy_
    = std::make_shared<std::atomic<bool>>(false);
  struct switches {
    uint64_t seen = 0; ///< at the last look
    caf::telemetry::int_counter* counter = nullptr;
  };

  std::map<labels, switches> switches_;
  std::set<const void*> gone_;
  /// Those labelled now, and the last look that found them.
  std::map<std::pair<std::string, std::string>, uint64_t> endpoints_;
  std::set<std::pair<std::string, std::string>> labels_;    ///< ever
};

/// A registry in Prometheus' text format, without the metrics in `gone`, in
/// steps; each `step` appends the next metrics. Families and their metrics only ever grow, so that a place in
/// them stays what it is.
class metrics_text {
 public:
  /// Metrics, histograms included, of one step.
  static constexpr size_t portion = 500;

  explicit metrics_text(const caf::telemetry::metric_registry& registry,
                        std::set<const void*> gone = {});
  ~metrics_text();

  /// False when nothing was left.
  bool step(std::string& to);

 private:
  class window;
  std::unique_ptr<window> window_;
};

} // namespace aps
