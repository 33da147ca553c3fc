#pragma once

#include "transports/net/io_unit.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/seam/network.hpp"

#include <functional>
#include <memory>

namespace aps {

/// Connects to a node and opens a link there: TCP, then the handshake of the
/// transport, all within `options.timeout`. `done` is called once, on the
/// unit's thread; its detail names host, port and reason. Links enter `live`
/// as soon as they exist. Thread: the unit's.
void dial_link(io_unit& unit, const dial_options& options,
               std::shared_ptr<live_set> live,
               std::function<void(dial_result)> done);

} // namespace aps
