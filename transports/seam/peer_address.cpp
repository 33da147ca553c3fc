#include "transports/seam/peer_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace aps {

namespace {

constexpr size_t max_text = 64;

} // namespace

std::string_view address_of(std::string_view peer) noexcept {
  if (peer.starts_with('[')) {
    peer.remove_prefix(1);
    return peer.substr(0, peer.find(']'));
  }
  const auto colon = peer.find(':');
  // More than one: an IPv6 address, and no port.
  if (colon == peer.npos || peer.find(':', colon + 1) != peer.npos)
    return peer;
  return peer.substr(0, colon);
}

std::string peer_group(std::string_view peer) {
  const auto address = address_of(peer);
  std::string text{address.substr(0, std::min(address.size(), max_text))};
  if (text.find(':') == text.npos)
    return text;
  in6_addr bytes{};
  // A scope ("fe80::1%eth0") is no part of the address.
  const auto plain = text.substr(0, text.find('%'));
  if (inet_pton(AF_INET6, plain.c_str(), &bytes) != 1)
    return text;
  char out[INET6_ADDRSTRLEN]{};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    inet_ntop(AF_INET, &bytes.s6_addr[12], out, sizeof(out));
    return out;
  }
  std::memset(&bytes.s6_addr[8], 0, 8);
  inet_ntop(AF_INET6, &bytes, out, sizeof(out));
  return std::string(out) + "/64";
}

} // namespace aps
