#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aps::config {

/// A password that cannot be read back: scrypt (RFC 7914) with its parameters,
/// in the PHC format: "$scrypt$ln=15,r=8,p=3$SALT$KEY", the last two in Base64
/// without padding. Immutable.
class password_hash {
 public:
  /// Nothing for text that is none, or whose parameters are too weak or take
  /// more than 256 MiB.
  static std::optional<password_hash> parse(std::string_view text);

  /// A new one with a salt of its own; takes a part of a second. Throws
  /// std::runtime_error when OpenSSL fails.
  static password_hash make(std::string_view password);

  /// That of a tunnel's agents: its parameters and its salt are those with
  /// which agents derive their key (transports/seam/auth.hpp), so that the node
  /// has nothing to derive. Who has it can pose as an agent, as with the
  /// password. Throws as `make`.
  static password_hash of_tunnel(std::string_view tunnel,
                                 std::string_view password);

  /// The key of a tunnel's agents; nothing when it is no hash for that tunnel.
  std::optional<std::string> key_of(std::string_view tunnel) const;

  std::string str() const;

  /// Takes as long as `make`; compares in constant time. False as well when
  /// there is no memory for it.
  bool matches(std::string_view password) const noexcept;

  bool operator==(const password_hash&) const = default;

 private:
  unsigned log_n_ = 15; ///< of the cost
  uint32_t r_ = 8;      ///< of blocks
  uint32_t p_ = 3;      ///< in a row
  std::string salt_;
  std::string key_;
};

/// What `password_hash::parse` asks for, in words.
inline constexpr auto password_hash_rule
  = "a hash as `aps hash-password` prints it";

} // namespace aps::config
