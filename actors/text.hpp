#pragma once

#include "actors/messages.hpp"

#include <string>
#include <string_view>

namespace aps {

/// "5m0s", "1h30m0s", "250ms": as short as the logs show durations.
std::string show_duration(duration value);

/// "[WS-POOL]", "[GRPC-POOL]" or "[POLL-POOL]".
std::string_view pool_tag(transport_kind transport) noexcept;

/// The log line of an event, its component tag in front.
std::string render(const event& what);

/// Whether the line of this event is a warning.
bool is_warning(event_kind kind) noexcept;

} // namespace aps
