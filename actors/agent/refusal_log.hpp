#pragma once

#include "actors/policy/repeat.hpp"
#include "actors/watch/component_log.hpp"

#include <mutex>
#include <string>

namespace aps {

/// Writes some of what others cause, and how much was left out. Thread-safe.
class refusal_log {
 public:
  /// `subject` begins each line.
  refusal_log(component_log log, std::string subject)
      : log_(std::move(log)), subject_(std::move(subject)) {}

  void write(const std::string& cause, const std::string& text);

 private:
  const component_log log_;
  const std::string subject_;
  std::mutex mutex_;
  repeat_limit repeats_; // by mutex_
};

} // namespace aps
