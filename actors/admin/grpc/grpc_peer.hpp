#pragma once

#include <string>
#include <string_view>

namespace aps::admin {

/// The address in what gRPC calls a peer ("ipv4:127.0.0.1:4711",
/// "ipv6:%5B::1%5D:4711"), as the rest of the node writes addresses.
std::string grpc_peer(std::string_view peer);

} // namespace aps::admin
