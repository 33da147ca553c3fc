#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aps::config {

/// Where a login service is asked.
struct login_address {
  aps::config::url url;
  std::string target; ///< path and query, as they are sent; never empty
};

/// Reads an absolute URL that may have a query. On failure returns nothing and
/// says in `error` what is wrong with it.
std::optional<login_address> parse_login_address(std::string_view text,
                                                 std::string& error);

} // namespace aps::config
