#pragma once

#include <string_view>

namespace aps {

/// Where agents ask a node for a WebSocket or a poll link, and what both sides
/// must agree on.
inline constexpr std::string_view tunnel_path = "/.tunnel";
inline constexpr std::string_view tunnel_subprotocol = "aps.tunnel.v1";

} // namespace aps
