#pragma once

#include "actors/watch/component_log.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>

namespace aps::test {

/// A log, and what was written to it.
class log_lines {
 public:
  component_log log() const { return {log_component::agent, to_}; }

  std::string all() const { return text_.str(); }

  /// How often a text is there.
  size_t count(const std::string& text) const {
    const auto all = text_.str();
    size_t result = 0;
    for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1))
      ++result;
    return result;
  }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> to_ = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
};

} // namespace aps::test
