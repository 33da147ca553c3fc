#include "actors/watch/process_metrics.hpp"

#include "actors/watch/metric_text.hpp"
#include "actors/watch/process_facts.hpp"

namespace aps {

std::vector<outside_sum>
process_sums(std::shared_ptr<exception_watch> exceptions,
             std::function<uint64_t()> log_dropped) {
  return {{"exceptions", "Exceptions that ended a connection.",
           [exceptions] { return exceptions ? exceptions->count() : 0; }},
          {"log-dropped", "Log lines that could not be written.",
           std::move(log_dropped)}};
}

process_metrics::process_metrics(caf::telemetry::metric_registry& registry,
                                 std::vector<outside_sum> sums,
                                 std::string_view version)
    : registry_(registry), process_(registry) {
  registry
    .gauge_instance("aps", "build-info", {{"version", view(version)}},
                    "Always 1; what runs.")
    ->value(1);
  registry
    .gauge_singleton<double>("process", "start-time",
                             "When this process began, since 1970.", "seconds")
    ->value(process_facts::start_time());
  for (auto& sum : sums) {
    auto* gauge = registry.gauge_singleton("aps", view(sum.name),
                                           view(sum.help), "1", sum.rises);
    sums_.emplace_back(std::move(sum), gauge);
  }
}

// The names are those of Prometheus' client libraries.
void process_metrics::update() {
  std::lock_guard guard{mutex_};
  process_.update();
  const auto show = [this](std::string_view name, std::string_view help,
                           uint64_t value) {
    registry_.gauge_singleton("process", view(name), view(help))
      ->value(static_cast<int64_t>(value));
  };
  show("open-fds", "Open file descriptors.", process_facts::open_descriptors());
  show("max-fds", "How many there may be.", process_facts::max_descriptors());
  for (const auto& [sum, gauge] : sums_)
    gauge->value(sum.value ? static_cast<int64_t>(sum.value()) : 0);
}

} // namespace aps
