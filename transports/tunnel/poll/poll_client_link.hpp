#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/link.hpp"
#include "transports/tunnel/poll/poll_connection.hpp"

#include <functional>
#include <string>

namespace aps {

/// Outcome of the opening request: a link that is not started, or why there
/// is none. Called once, on the unit's thread.
using poll_result
  = std::function<void(link_ptr, link_error, std::string detail)>;

/// The agent's side of a poll link: asks the node at the other end of a
/// connected stream for one. `authority` is the Host header, `route` for
/// the connections that follow. The returned link is there to be aborted
/// meanwhile. The stream belongs to the unit. Thread: the unit's.
link_ptr open_poll(io_unit& unit, stream_ptr stream, std::string authority,
                   poll_route route, poll_result done);

} // namespace aps
