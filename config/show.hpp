#pragma once

#include "config/config.hpp"

#include <nlohmann/json.hpp>

namespace aps::config {

/// What stands for each secret.
inline constexpr auto masked = "***";

/// The whole configuration as the file would say it, every default written
/// out. Secrets are "***"; apart from them `parse` of it gives `node` again.
nlohmann::json show(const node& node);

/// The same in parts, for what is large: all but tunnels and mappings, one
/// tunnel, one mapping.
nlohmann::json show_frame(const node& node);
nlohmann::json show(const tunnel& tunnel);
nlohmann::json show(const mapping& mapping);

} // namespace aps::config
