#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/seam/probe_request.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aps {

/// Connects to what does not answer like a node, asks it in plain HTTP, and
/// calls `done` once with what it seems to be, in words ("127.0.0.1:22 is no
/// APS node: it speaks SSH; ..."), or without a text when it cannot be
/// reached or may well be a node. Takes three seconds at most; closing `scope`
/// ends it at once. `unit` is one of the real network's. Thread: any; `done`
/// runs on the unit's.
void probe_peer(executor& unit, const std::string& host, uint16_t port,
                const std::shared_ptr<live_set>& scope,
                std::function<void(peer_finding)> done);

/// What the first bytes of an answer to plain HTTP tell, without the address;
/// no text when they may be a node's. Pure.
peer_finding describe_peer(std::string_view answer);

} // namespace aps
