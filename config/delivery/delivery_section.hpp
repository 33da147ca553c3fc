#pragma once

#include "config/config.hpp"
#include "config/syntax/reader.hpp"

#include <nlohmann/json_fwd.hpp>

namespace aps::config {

/// What the way to a mapping's targets does for its requests (keys `timeouts`,
/// `retry` and `cc`);
/// `to` and `via` were read. `tunnels` null = their names are not checked.
void read_delivery(reader& mapping_in, const std::vector<std::string>* tunnels,
                   mapping& to);

/// Adds the same as the file would say it.
void show_delivery(const mapping& rule, nlohmann::json& to);

} // namespace aps::config
