#pragma once

#include "transports/net/io_unit.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"

#include <memory>
#include <vector>

namespace aps {

/// Those of a network.
using io_units = std::vector<std::unique_ptr<io_unit>>;

/// Opens a server's port, one for all protocols. The first unit accepts and
/// gives the connections to all units in turn; each looks at the first bytes
/// of its own. The units outlive it. Throws std::system_error naming address and
/// reason.
std::unique_ptr<listener>
open_listener(io_units& units, const listen_options& options, front_ptr to);

} // namespace aps
