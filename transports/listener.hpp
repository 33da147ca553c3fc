#pragma once

#include "transports/net/io_unit.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"
#include "transports/tunnel/grpc/grpc_server.hpp"

#include <memory>
#include <vector>

namespace aps {

/// What a listener needs of its network, which outlives it.
struct listener_environment {
  std::vector<std::unique_ptr<io_unit>>& units;
  grpc_server* grpc; ///< null when no agents may dial in
};

/// Opens a server's port, one for all protocols. The first unit accepts and
/// gives the connections to all units in turn; each looks at the first bytes
/// of its own. Throws std::system_error naming address and reason.
std::unique_ptr<listener> open_listener(const listener_environment& environment,
                                        const listen_options& options,
                                        std::shared_ptr<front> to);

} // namespace aps
