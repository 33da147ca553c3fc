#pragma once

#include "config/config.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace aps::config {

/// JSON text to a value; comments are skipped. A syntax error returns nothing
/// and adds one problem with line and column; every key that stands twice in
/// one object adds one, and its last value stays.
std::optional<nlohmann::json> parse_json(std::string_view text, problems& out);

} // namespace aps::config
