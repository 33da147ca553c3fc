#pragma once

#include "config/log_components.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <memory>
#include <utility>

namespace aps {

/// The log of one component: puts its tag in front of each line, so that no
/// line has another. Cheap to copy; thread-safe. Without a logger it is silent.
class component_log {
 public:
  component_log() = default;
  component_log(log_component from, std::shared_ptr<spdlog::logger> to)
      : from_(from), to_(std::move(to)) {}

  const std::shared_ptr<spdlog::logger>& logger() const noexcept { return to_; }

  bool should_log(spdlog::level::level_enum level) const {
    return to_ && to_->should_log(level);
  }

  template <class... Args>
  void log(spdlog::level::level_enum level, fmt::format_string<Args...> text,
           Args&&... args) const {
    if (should_log(level))
      to_->log(level, "{} {}", tag_of(from_),
               fmt::format(text, std::forward<Args>(args)...));
  }

  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) const {
    log(spdlog::level::debug, text, std::forward<Args>(args)...);
  }

  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) const {
    log(spdlog::level::info, text, std::forward<Args>(args)...);
  }

  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) const {
    log(spdlog::level::warn, text, std::forward<Args>(args)...);
  }

  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) const {
    log(spdlog::level::err, text, std::forward<Args>(args)...);
  }

 private:
  log_component from_ = log_component::node;
  std::shared_ptr<spdlog::logger> to_;
};

} // namespace aps
