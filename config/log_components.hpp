#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Who a line of the log is from. One table has their names: the tag of a
/// line of text, `component` of one in JSON, and what `log.components` takes.
enum class log_component : uint8_t {
  grpc_pool,
  ws_pool,
  poll_pool,
  tunnel,
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

inline constexpr std::array<log_component_row, 12> log_component_table{{
  {log_component::grpc_pool, "grpc-pool", "pool", true},
  {log_component::ws_pool, "ws-pool", "pool", true},
  {log_component::poll_pool, "poll-pool", "pool", true},
  {log_component::tunnel, "tunnel", "", true},
  {log_component::auth, "auth", "", true},
  {log_component::hybrid, "hybrid", "", true},
  {log_component::supervisor, "supervisor", "", true},
  {log_component::node, "node", "", true},
  {log_component::limit, "limit", "", true},
  {log_component::admin, "admin", "", true},
  {log_component::request, "request", "", true},
  {log_component::agent, "agent", "", false},
}};

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
