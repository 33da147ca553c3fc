#pragma once

#include "config/routing/routes.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// The mappings of CONNECT: exact hosts before those below the longest name,
/// before "*"; of a host those of a port before those of all; then the first in
/// the file. Costs a look at each, so it is asked for a CONNECT alone.
/// Immutable and thread-safe after construction.
class connect_table {
 public:
  explicit connect_table(const std::vector<config::mapping>& mappings,
                         const std::map<std::string, config::tunnel>& tunnels
                         = {});

  /// Null = none is for that host and port.
  route_ptr find(std::string_view host, uint16_t port) const;

  /// All that take it, the winner first.
  std::vector<route_ptr> matches(std::string_view host, uint16_t port) const;

  /// As `route_table` has it for the others.
  std::optional<size_t> position_of(uint64_t identity) const;

  bool empty() const noexcept { return routes_.empty(); }

 private:
  std::vector<route_ptr> routes_; ///< the first one wins
};

} // namespace aps
