#pragma once

#include "actors/admin/call.hpp"
#include "actors/admin/search.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace aps::admin {

/// What about an endpoint needs somebody, the worst first.
enum class concern : uint8_t {
  down,       ///< no agent is connected
  impaired,   ///< drained, in fallback, or with failing targets
  recovering, ///< probing
  pool,       ///< one of its pools is degraded or below its minimum
  none,
};

concern concern_of(const endpoint_snapshot& endpoint) noexcept;

/// Which endpoints a list has, and how much of each: the parameters `tunnel`,
/// `endpoint`, `search`, `each`, `limit` and `connections`.
struct endpoint_choice {
  static constexpr size_t all = std::numeric_limits<size_t>::max();

  std::optional<std::string> tunnel;
  std::optional<std::string> endpoint;
  search names; ///< its own or its tunnel's
  size_t each = all;              ///< of a tunnel, the worst first
  size_t limit = all;             ///< of all tunnels, the worst first
  bool connections = true;

  bool admits(const tunnel_snapshot& of,
              const endpoint_snapshot& endpoint) const;
  bool in_order_of_concern() const { return each != all || limit != all; }
};

/// What the query says of names alone.
endpoint_choice read_named_endpoints(const call& call);

/// What the query says; nothing when it was refused.
std::optional<endpoint_choice> read_endpoint_choice(const call& call);

/// An endpoint in the row of all; a tunnel without one has a row of its own.
struct endpoint_row {
  const tunnel_snapshot* tunnel = nullptr;
  const endpoint_snapshot* endpoint = nullptr;
  bool first = true; ///< of its tunnel
  bool last = true;
};

/// The chosen endpoints of every tunnel.
std::vector<endpoint_row> rows_of(const node_snapshot& now,
                                  const endpoint_choice& choice = {});

/// Sums over all endpoints of a tunnel, those included that were not chosen.
nlohmann::json show_summary(const tunnel_snapshot& tunnel,
                            const endpoint_choice& choice);

} // namespace aps::admin
