#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aps::admin {

/// "NODE-SERIAL": names an event over restarts of the node.
std::string event_id(const std::string& node, uint64_t serial);

/// The serial in an event's id; 0 when it is that of another life of the node,
/// for then everything is news. Nothing when there is no text.
std::optional<uint64_t> read_event_id(std::string_view text,
                                      const std::string& node);

} // namespace aps::admin
