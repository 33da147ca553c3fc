#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aps {

/// Bytes of a ClientHello that are looked at, with the records around it. Those
/// of browsers with keys that outlive quantum computers have some 2 KiB.
inline constexpr size_t max_client_hello = 16 * 1024;

/// What the beginning of a TLS connection asks for.
struct client_hello {
  enum class kind : uint8_t {
    partial, ///< more has to come
    whole,
    none, ///< it is no TLS, or longer than anybody's
  };
  kind is = kind::partial;

  /// SNI (RFC 6066, 3), lower case; empty = there is none, or none that is a
  /// host's. Of an encrypted hello (ECH) it is the outer one's.
  std::string name = {};

  size_t wanted = 0; ///< bytes before which it stays partial
};

/// Reads a ClientHello (RFC 8446, 4.1.2), in as many records as it comes, as
/// far as its name; each length in it has to fit, as a target could read
/// another name out of one that does not. Pure.
client_hello read_client_hello(std::string_view bytes);

/// An alert that ends a connection before the handshake (RFC 8446, 6.2), as a
/// record.
enum class tls_alert : uint8_t { access_denied = 49, unrecognized_name = 112 };
std::string alert_record(tls_alert alert);

} // namespace aps
