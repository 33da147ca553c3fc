#pragma once

#include <string>
#include <string_view>

namespace aps {

/// The address in "ip", "ip:port" or "[ip]:port".
std::string_view address_of(std::string_view peer) noexcept;

/// Who counts as one when addresses are counted: an IPv4 address (mapped into
/// IPv6 or not), or the /64 of an IPv6 address, for a house has a whole one
/// ("2001:db8:1:2::/64"). Text that is no address comes back cut short.
std::string peer_group(std::string_view peer);

} // namespace aps
