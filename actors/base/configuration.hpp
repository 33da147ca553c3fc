#pragma once

#include "actors/base/access/visitor_access.hpp"
#include "config/config.hpp"
#include "config/routing/routes.hpp"
#include "config/streams/connect_table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace aps {

/// All that a node goes by at a time, ready for use: a reload makes another
/// one, and who has this one keeps it. Mappings, and the rules for them, are
/// known by their position in it, so nobody takes one of each. Immutable.
struct configuration {
  configuration() = default;

  /// Takes about two microseconds per mapping. `rules` are those of `all`.
  configuration(config::node all, visitor_access::rules_ptr rules)
      : config(std::move(all)), access(std::move(rules)),
        routes(config.mappings, config.tunnels),
        connects(config.mappings, config.tunnels) {}

  /// Where the mapping of that identity stands (`route::identity`).
  std::optional<size_t> position_of(uint64_t identity) const {
    const auto found = routes.position_of(identity);
    return found ? found : connects.position_of(identity);
  }

  config::node config;
  visitor_access::rules_ptr access; ///< null = nobody is asked
  route_table routes{{}};
  connect_table connects{{}};
};

} // namespace aps
