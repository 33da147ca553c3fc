#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::config {

/// An IP address. IPv4 counts as its mapped form (RFC 4291, 2.5.5.2), so that a
/// dual-stack peer is the same under both.
using address_bytes = std::array<uint8_t, 16>;

/// Nothing for what is no IP address, or has a zone.
std::optional<address_bytes> parse_address(std::string_view text);

/// Whether it is IPv4.
bool is_mapped_v4(const address_bytes& address) noexcept;

/// A block of IP addresses: "192.0.2.0/24", "2001:db8::/32", or one address.
/// One of IPv6 does not mean IPv4, however wide it is.
struct network {
  address_bytes address{};
  unsigned bits = 128;

  bool contains(const address_bytes& other) const noexcept;
  bool operator==(const network&) const = default;
};

/// Nothing for text that is no such block, or whose address has bits beyond
/// its length ("10.0.0.1/8"): whoever wrote that meant something else.
std::optional<network> parse_network(std::string_view text);

/// One text per address: IPv6 in its shortest form (RFC 5952), mapped IPv4 as
/// IPv4; "" for what is no IP address.
std::string canonical_ip(std::string_view text);

/// Whether an address is of this machine, or of a network that the Internet
/// does not reach (RFC 1918, 4193, 3927, 6598). False for what is no IP
/// address.
bool is_private_ip(std::string_view ip);

/// Which addresses somebody named. Immutable, thread-safe.
class network_set {
 public:
  network_set() = default;

  /// What `parse_network` does not take is left out.
  explicit network_set(const std::vector<std::string>& blocks);

  bool empty() const noexcept { return blocks_.empty(); }

  /// False for everything that is no IP address.
  bool contains(std::string_view ip) const;

  bool contains(const address_bytes& ip) const noexcept;

 private:
  std::vector<network> blocks_;
};

} // namespace aps::config
