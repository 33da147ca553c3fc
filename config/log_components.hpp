#pragma once

#include "config/pools.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Who a line of the log is from. One table has their names: the tag of a
/// line of text, `component` of one in JSON, and what `log.components` takes.
/// The pools of each transport come first, at its index.
enum class log_component : uint8_t {
  tunnel = config::pool_table.size(),
  auth,
  hybrid,
  supervisor,
  node,
  limit,
  admin,
  request,
  agent, ///< the other program; a node has no level for it
};

struct log_component_row {
  log_component component;
  const char* name;
  const char* group; ///< what also sets its level; "" = nothing does
  bool in_node;
};

/// Of the pools of the transport at that index.
constexpr log_component pool_component(size_t index) {
  return static_cast<log_component>(index);
}

inline constexpr auto other_log_components = std::to_array<log_component_row>({
  {log_component::tunnel, "tunnel", "", true},
  {log_component::auth, "auth", "", true},
  {log_component::hybrid, "hybrid", "", true},
  {log_component::supervisor, "supervisor", "", true},
  {log_component::node, "node", "", true},
  {log_component::limit, "limit", "", true},
  {log_component::admin, "admin", "", true},
  {log_component::request, "request", "", true},
  {log_component::agent, "agent", "", false},
});

inline constexpr auto log_component_table = [] {
  constexpr auto pools = config::pool_table.size();
  std::array<log_component_row, pools + other_log_components.size()> out{};
  for (size_t i = 0; i < pools; ++i)
    out[i] = {pool_component(i), config::pool_table[i].log, "pool", true};
  for (size_t i = 0; i < other_log_components.size(); ++i)
    out[pools + i] = other_log_components[i];
  return out;
}();

static_assert([] {
  for (size_t i = 0; i < log_component_table.size(); ++i)
    if (static_cast<size_t>(log_component_table[i].component) != i)
      return false;
  return log_component_table.back().component == log_component::agent;
}());

constexpr const log_component_row& row_of(log_component component) {
  return log_component_table[static_cast<size_t>(component)];
}

/// "ws-pool".
constexpr std::string_view to_string(log_component component) {
  return row_of(component).name;
}

/// "[WS-POOL]".
std::string_view tag_of(log_component component);

/// What `log.components` takes: groups first, so that whoever goes through
/// them in this order lets members have their own levels.
const std::vector<std::string>& log_component_names();

/// The node's components with this name, or of this group.
std::vector<log_component> log_components_of(std::string_view name);

} // namespace aps
