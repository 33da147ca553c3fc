#pragma once

#include "actors/base/search.hpp"
#include "actors/snapshots.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace aps {

struct endpoint_figures;

/// What about an endpoint needs somebody: one with `live` connections, `drained`,
/// with a target that is `unhealthy`, and as its actors tell.
concern concern_of(uint32_t live, bool drained, bool unhealthy,
                   const endpoint_figures& figures) noexcept;

/// Which endpoints somebody looks at, and how closely. By default all of them.
struct endpoint_choice {
  static constexpr size_t all = std::numeric_limits<size_t>::max();

  std::optional<std::string> tunnel;
  std::optional<std::string> endpoint;
  search names; ///< its own or its tunnel's
  size_t each = all;       ///< of a tunnel, the worst first
  size_t limit = all;      ///< of all tunnels, the worst first
  bool connections = true; ///< are shown, too
  bool controller = true;  ///< false: nothing that only its controller knows

  bool admits(const std::string& tunnel_name,
              const std::string& endpoint_name) const;
  bool in_order_of_concern() const { return each != all || limit != all; }
};

/// Of lists that each have their worst in front, and of which `each` count, how
/// many of each are among the `limit` worst of all. Pure.
std::vector<size_t> shares_of_worst(std::span<const concern_counts> lists,
                                    size_t each, size_t limit);

} // namespace aps
