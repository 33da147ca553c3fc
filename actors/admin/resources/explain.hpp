#pragma once

#include "config/routing/routes.hpp"
#include "transports/seam/exchange/exchange_record.hpp"

#include <string>
#include <string_view>

/// Why the mappings decide as they do; for humans. The decision itself is
/// that of `route_table`.
namespace aps::admin {

/// Why `winner` won a request that it won. Costs a few look-ups. Of a request
/// that is over nothing is left but its method and address, so what others ask
/// beside these counts as met.
std::string why_it_won(const route_table& routes, const route& winner,
                       std::string_view method, const exchange_facts& facts);

} // namespace aps::admin
