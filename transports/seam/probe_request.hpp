#pragma once

#include "transports/seam/tunnel_path.hpp"

#include <string_view>

/// The plain GET by which an agent that cannot connect asks what it is that
/// answers there. A node knows it, answers by itself and keeps no record: it is
/// no visitor's.
namespace aps::probe_request {

inline constexpr std::string_view target = tunnel_path;
inline constexpr std::string_view user_agent = "aps";

} // namespace aps::probe_request
