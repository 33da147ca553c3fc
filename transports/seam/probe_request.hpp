#pragma once

#include "transports/seam/tunnel_path.hpp"

#include <string>
#include <string_view>

/// The plain GET by which an agent that cannot connect asks what it is that
/// answers there. A node knows it, answers by itself and keeps no record: it is
/// no visitor's.
namespace aps::probe_request {

inline constexpr std::string_view target = tunnel_path;
inline constexpr std::string_view user_agent = "aps";

/// The answers: of a listener that takes agents, and of one that does not.
inline constexpr std::string_view welcome = "This is a node of APS.\n";
inline constexpr std::string_view no_agents
  = "This is a node of APS; this listener takes no agents.\n";

/// What stands in the answer of a port that speaks TLS to who speaks none.
inline constexpr std::string_view wants_tls
  = "TLS is spoken here: use https://.";

} // namespace aps::probe_request

namespace aps {

/// What somebody found who asked so, in words.
struct peer_finding {
  std::string text = {}; ///< empty = nothing to say

  /// It is one of us, at a listener that takes no agents: asking again is of no
  /// use until somebody changes something.
  bool takes_no_agents = false;

  bool operator==(const peer_finding&) const = default;
};

} // namespace aps
