#pragma once

#include "config/routes.hpp"

#include <string>
#include <string_view>

/// Why the mappings decide as they do; for humans. The decision itself is
/// that of `route_table`.
namespace aps::admin {

/// Why `winner` won a request that it won. Costs a few look-ups.
std::string why_it_won(const route_table& routes, const route& winner,
                       std::string_view scheme, std::string_view host,
                       std::string_view path);

} // namespace aps::admin
