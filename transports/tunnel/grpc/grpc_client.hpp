#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/link.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// Outcome of opening a stream: a link that is not started, or why there is
/// none. Called once, on the unit's thread.
using grpc_result
  = std::function<void(link_ptr, link_error, std::string detail)>;

/// Opens the tunnel's stream over a connected stream, which becomes a gRPC
/// channel of its own: the channel neither connects nor reconnects by itself,
/// so connect errors stay typed and a link is one TCP connection. Complete
/// when the node's initial metadata came. `authority` names the node. The
/// returned link is there to be aborted meanwhile. `lease` is held until the
/// call is over. Thread: the unit's.
link_ptr open_grpc(io_unit& unit, stream_ptr stream,
                   const std::string& authority, std::shared_ptr<void> lease,
                   grpc_result done);

} // namespace aps
