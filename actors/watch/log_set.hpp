#pragma once

#include "actors/watch/component_log.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace aps {

struct event;

/// The log of a node by component. All components share one sink; each has its
/// own level, which may change at any time and from any thread. Copies are the
/// same log.
class log_set {
 public:
  /// All components of `general`. `json`: lines of events are JSON objects,
  /// for a logger whose formatter completes them (tools/host.hpp).
  log_set(std::shared_ptr<spdlog::logger> general, bool json = false);

  /// The log of one component.
  const component_log& of(log_component component) const;

  /// The general level: of all components that have none of their own.
  void set_level(spdlog::level::level_enum level);

  /// Of a component, or of a group of them. False when there is no such name.
  bool set_level(const std::string& component,
                 spdlog::level::level_enum level);

  /// The general level, and those of components that differ from it.
  std::string level() const;
  std::map<std::string, std::string> levels() const;

  /// Writes the line of an event.
  void write(const event& event) const;

  /// Writes a line about an endpoint that is no event's.
  void write(log_component from, spdlog::level::level_enum level,
             const std::string& text, const std::string& tunnel,
             const std::string& endpoint) const;

  bool json() const noexcept { return json_; }

 private:
  std::shared_ptr<spdlog::logger> general_;
  std::array<component_log, log_component_table.size()> parts_;
  bool json_;
};

/// A line of a JSON log as it is written: component, text, and those of
/// `fields` that say something. The logger's formatter puts time and level in
/// front.
std::string log_object(log_component component, std::string_view text,
                       const nlohmann::ordered_json& fields);

/// "warning" and the like, as in the configuration.
std::string level_name(spdlog::level::level_enum level);

} // namespace aps
