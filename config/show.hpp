#pragma once

#include "config/config.hpp"

#include <nlohmann/json.hpp>

namespace aps::config {

/// The whole configuration as the file would say it, every default written
/// out. Secrets are "***"; apart from them `parse` of it gives `what` again.
nlohmann::json show(const node& what);

} // namespace aps::config
