#pragma once

#include "config/networks.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::config {

/// One pattern of targets: a name ("app.test"), all names below one
/// ("*.app.test"), an IP address, a block of them (CIDR), or "*", each with a
/// port or a range of ports behind a colon, if not all are meant. IPv6 has
/// brackets then ("[2001:db8::/32]:443"). "unix:/run/app.sock" is a Unix
/// socket, "unix:/run/*" all whose path begins so; no other pattern is for one.
struct target_rule {
  std::string name;             ///< lower case; "" = `block`, or anything
  bool below = false;           ///< the names below `name`, not itself
  std::optional<network> block; ///< of addresses
  uint16_t first_port = 1;
  uint16_t last_port = 65535;
  std::string socket = {}; ///< path of a Unix socket, or its start (`below`)

  bool operator==(const target_rule&) const = default;
};

/// Nothing for what is no pattern; `error` says why, in words that go behind
/// the text of it.
std::optional<target_rule> parse_target_rule(std::string_view text,
                                             std::string& error);

/// Which targets an agent asks, whatever a node tells it. Pure, immutable,
/// thread-safe.
///
/// A pattern of a name holds for the name, whatever addresses it has; one of
/// addresses holds for what a target's name stands for at this very connect, so
/// a name that changes its addresses (DNS rebinding) gains nothing.
///
/// *Guarded* addresses are those of the link (RFC 3927, RFC 4291) and of
/// clouds' services for their machines (metadata, credentials), in IPv4 and
/// IPv6, and whatever is one of them behind an embedded IPv4 address (NAT64,
/// 6to4, Teredo, ISATAP). Only a pattern that says so lets them in: the address
/// itself, or a block that has nothing else in it.
class target_rules {
 public:
  /// Everything but guarded addresses.
  target_rules() = default;

  /// The same for no patterns; otherwise what at least one of them holds for.
  /// Throws std::runtime_error for what is no pattern.
  explicit target_rules(const std::vector<std::string>& patterns);

  bool empty() const noexcept { return rules_.empty(); }

  /// Whether a connection to `ip` is allowed for a target that was asked for as
  /// `host`: a name, or an address, and then `ip` is that. Names in the forms
  /// of numbers (decimal, octal, hexadecimal) count as what they stand for.
  /// 0.0.0.0 and :: are this machine, 127.0.0.1 and ::1. False for an `ip` that
  /// is no IP address, or has a zone. Of a Unix socket `host` is unix:PATH, and
  /// `ip` nothing.
  bool allows(std::string_view host, std::string_view ip, uint16_t port) const;

 private:
  std::vector<target_rule> rules_;
};

} // namespace aps::config
