#pragma once

#include "actors/events.hpp"
#include "aps/admin/v1/admin.pb.h"

#include <string>

/// Messages of a watch, in wire format: that is how they wait. Pure.
namespace aps::admin {

/// Something that happened in the node of this name.
std::string event_message(const std::string& node, const event& event);

std::string missed_message(uint64_t count);

/// `snapshot` moves into it. `serial` is the last event before it; `after` = a
/// replay follows, so that it is no place to go on from.
std::string snapshot_message(v1::Snapshot&& snapshot, const std::string& node,
                             uint64_t serial, bool after);

} // namespace aps::admin
