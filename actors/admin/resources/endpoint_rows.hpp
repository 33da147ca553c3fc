#pragma once

#include "actors/admin/call.hpp"

#include <optional>
#include <vector>

namespace aps::admin {

/// What the query says of names alone.
endpoint_choice read_named_endpoints(const call& call);

/// What the query says (`tunnel`, `endpoint`, `search`, `each`, `limit` and
/// `connections`); nothing when it was refused.
std::optional<endpoint_choice> read_endpoint_choice(const call& call);

/// An endpoint in the row of all; a tunnel without one has a row of its own.
struct endpoint_row {
  const tunnel_snapshot* tunnel = nullptr;
  const endpoint_snapshot* endpoint = nullptr;
  bool first = true; ///< of its tunnel
  bool last = true;
};

/// The endpoints of every tunnel.
std::vector<endpoint_row> rows_of(const node_snapshot& now);

/// Sums over all endpoints of a tunnel, those included that were not chosen.
nlohmann::json show_summary(const tunnel_sums& sums);

} // namespace aps::admin
