#pragma once

#include "transports/net/admission/gate.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/link.hpp"

#include <boost/system/error_code.hpp>

#include <functional>
#include <string>

namespace aps {

/// Outcome of a handshake: a link that is not started, or why there is none.
/// Called once, on the unit's thread.
using websocket_result
  = std::function<void(link_ptr, link_error, std::string detail)>;

/// The node's side of a WebSocket link: answers the upgrade request that was
/// read from `stream`. `server` is the name of the listener, `rest` what came
/// behind the request, `place` (may be null) counts it. The returned
/// link is there to be aborted while the handshake runs. The stream belongs
/// to the unit. Thread: the unit's.
link_ptr accept_websocket(io_unit& unit, stream_ptr stream, std::string target,
                          const header_list& headers, std::string server,
                          std::string rest, place_ptr place,
                          websocket_result done);

/// The agent's side: performs the upgrade on a connected stream. `authority`
/// is the Host header. As above.
link_ptr open_websocket(io_unit& unit, stream_ptr stream, std::string authority,
                        websocket_result done);

} // namespace aps
