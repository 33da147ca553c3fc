#pragma once

#include "transports/seam/network.hpp"

namespace aps {

/// The real network: `units` I/O threads (0 = one per core), Asio sockets,
/// Beast HTTP and WebSockets, gRPC. Destroying it joins all its threads;
/// destroy the actor system first (DESIGN 11).
std::shared_ptr<network> make_network(size_t units);

} // namespace aps
