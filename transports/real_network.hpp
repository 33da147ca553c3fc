#pragma once

#include "transports/seam/network.hpp"

namespace aps {

/// The real network: `units` I/O threads (0 = one per core), Asio sockets,
/// HTTP, WebSockets, gRPC. Destroying it joins all its threads; its
/// listeners must be gone by then, and so must the actor system: it comes
/// first. Not from one of its own threads.
///
/// With `dns`, names are asked of these servers ("ip" or "ip:port") instead of
/// the system's resolver; throws std::runtime_error when one is no address.
std::shared_ptr<network> make_network(size_t units,
                                      std::vector<std::string> dns = {});

} // namespace aps
