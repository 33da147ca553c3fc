#pragma once

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <string>

namespace aps::test {

/// A registry and what it says.
struct metric_reader {
  /// The value of a metric, named with its labels as in the text of the
  /// registry, or "(none)".
  std::string value(const std::string& name) {
    const auto text = all();
    const auto at = text.find("\n" + name + " ");
    if (at == text.npos)
      return "(none)";
    const auto begin = at + name.size() + 2;
    return text.substr(begin, text.find(' ', begin) - begin);
  }

  std::string all() {
    caf::telemetry::collector::prometheus collector;
    const auto view = collector.collect_from(registry);
    return "\n" + std::string{view.data(), view.size()};
  }

  caf::telemetry::metric_registry registry;
};

} // namespace aps::test
