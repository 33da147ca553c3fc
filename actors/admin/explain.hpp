#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Why the mappings decide as they do; for humans. The decision itself is
/// that of `route_table`.
namespace aps::admin {

/// Why the mapping at `index` won a request that it won.
std::string why_it_won(const std::vector<config::mapping>& mappings,
                       size_t index, std::string_view scheme,
                       std::string_view host, std::string_view path);

} // namespace aps::admin
