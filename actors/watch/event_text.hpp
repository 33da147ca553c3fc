#pragma once

#include "actors/messages.hpp"
#include "config/log_components.hpp"

#include <nlohmann/json_fwd.hpp>
#include <spdlog/common.h>

#include <string>
#include <string_view>

namespace aps {

/// "5m0s", "1h30m0s", "250ms": as short as the logs show durations.
std::string show_duration(duration value);

/// "1 tunnel", "2 tunnels".
std::string counted(uint64_t number, std::string_view noun);

/// "once", "2 times".
std::string times(uint64_t number);

/// "tunnel1.app1", or as much of it as the event has; without a tunnel the
/// mapping.
std::string place_of(const event& event);

/// Several agents of one name, which is what somebody wants, or a name that was
/// copied; as node and agent tell it.
std::string several_agents(const std::string& tunnel,
                           const std::string& endpoint, size_t count);

/// Columns that a sentence of the log may take, so that its line fits into 160
/// with time, level and tag.
inline constexpr size_t line_room = 110;

/// "GET /x: why": what a stranger asked for, and why it was refused, in `room`
/// columns. The stranger's part is cut, or left out, not the reason.
std::string asked_and_why(std::string_view method, std::string_view url,
                          std::string_view why, size_t room);

/// What an event says, without tag.
std::string sentence(const event& event);

/// The log line of an event: the tag of its component, and its sentence.
std::string render(const event& event);

/// "debug", "info" or "warning": how important the API calls events of a kind.
std::string_view severity_word(event_kind kind) noexcept;

/// An event as the JSON API shows it.
nlohmann::json show(const event& event);

/// How important the line of this event is.
spdlog::level::level_enum level_of(event_kind kind) noexcept;

/// Which component of the log it belongs to.
log_component component_of(const event& event) noexcept;

} // namespace aps
