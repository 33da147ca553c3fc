#include "actors/admin/grpc/grpc_peer.hpp"

#include "actors/admin/request.hpp"
#include "transports/seam/peer_address.hpp"

namespace aps::admin {

std::string grpc_peer(std::string_view peer) {
  const auto colon = peer.find(':');
  const auto kind = peer.substr(0, colon);
  if (colon == peer.npos || (kind != "ipv4" && kind != "ipv6"))
    return std::string{peer};
  const auto plain = decoded(peer.substr(colon + 1));
  return std::string{address_of(plain)};
}

} // namespace aps::admin
