#pragma once

#include "transports/http2/h2_connection.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/seam/link.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// How node and agent speak HTTP/2 to each other under a gRPC stream.
h2_settings tunnel_settings();

/// Whether this request opens the tunnel's stream.
bool is_tunnel_call(const header_list& head) noexcept;

// A link over the one gRPC stream of an HTTP/2 connection: one message per batch
// (proto/aps/tunnel/v1/tunnel.proto). The wire is gRPC's to the letter ("gRPC
// over HTTP2"), spoken on the unit's own thread.

/// A link, and the same for the connection that carries it.
struct accepted_grpc {
  link_ptr connected; ///< not started
  h2_stream_owner_ptr owner;
};

/// The node's side: answers the call that came as `stream`. `server` is the
/// name of the listener, `place` (may be null) counts the connection.
/// Thread: the unit's.
accepted_grpc accept_grpc(const h2_connection_ptr& connection, int32_t stream,
                          std::string server, place_ptr place);

/// Outcome of opening a stream: a link that is not started, or why there is
/// none. Called once, on the unit's thread.
using grpc_result
  = std::function<void(link_ptr, link_error, std::string detail)>;

/// The agent's side: opens the tunnel's stream over a connected stream.
/// Complete when the node's answer began. `authority` names the node. The
/// returned link is there to be aborted meanwhile. Thread: the unit's.
link_ptr open_grpc(io_unit& unit, stream_ptr stream,
                   const std::string& authority, grpc_result done);

} // namespace aps
