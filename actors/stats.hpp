#pragma once

#include "actors/messages.hpp"

#include <nlohmann/json_fwd.hpp>

namespace aps {

/// The document of `GET /.api/stats`. The documented keys never change; more
/// may be added.
nlohmann::json make_stats(const node_snapshot& snapshot,
                          const config::node& config);

} // namespace aps
