#pragma once

#include "transports/seam/network.hpp"

namespace aps {

/// The real network: `units` I/O threads (0 = one per core), Asio sockets,
/// Beast HTTP and WebSockets, gRPC. Destroying it joins all its threads; its
/// listeners must be gone by then, and so must the actor system: it comes
/// first (DESIGN 11). Not from one of its own threads.
std::shared_ptr<network> make_network(size_t units);

} // namespace aps
