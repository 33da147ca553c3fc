#pragma once

#include "actors/agent.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <string>
#include <string_view>

namespace aps {

/// What marks a line about one transport of several.
std::string ending_of(transport_kind transport);

/// What may help against a refusal, in words that go behind the node's; "" =
/// nothing that an agent knows.
std::string_view advice_for(refusal why) noexcept;

/// Whether asking again is of no use until somebody changes something. One
/// transport that is switched off says nothing about the others, unless they
/// were refused as well.
bool is_hopeless(refusal why, bool others_refused) noexcept;

/// How long who never was connected lets a peer rest that is no node.
duration pause_before(const peer_finding& found) noexcept;

} // namespace aps
