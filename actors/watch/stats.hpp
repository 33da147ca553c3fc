#pragma once

#include "actors/messages.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace aps {

/// The document of `GET /.api/stats` but for its tunnels, which may be many.
/// The documented keys never change; more may be added.
nlohmann::json make_stats(const node_snapshot& snapshot,
                          const config::node& config, size_t running_actors);

/// The document of `GET /.api/ready`: key `ready` is true when every pool that
/// an agent feeds has its `pool_size`, as far as is known; `below_pool_size`
/// lists the others, the first thousand of them, `unknown` the tunnels that did
/// not answer.
nlohmann::json make_readiness(const node_snapshot& snapshot);

/// Parts of it, as other documents show them, too.
nlohmann::json show(const connection_snapshot& member);
nlohmann::json show(const endpoint_snapshot& endpoint,
                    bool with_connections = true);

/// "down" (by checks) or "rests" (by requests).
std::string_view state_of(const target_snapshot& target) noexcept;

} // namespace aps
