#pragma once

#include <memory>
#include <string>
#include <vector>

namespace aps {

/// How an agent makes sure who its node is, and says who it is itself.
struct client_tls_options {
  std::string ca_file
    = {}; ///< PEM, trusted instead of the system's; empty = those
  std::string server_name
    = {};                     ///< what the certificate is for; empty = the host
  std::string cert_file = {}; ///< PEM, shown to the node; empty = none
  std::string key_file = {};
  /// The node's public key has to be one of these, "sha256/" and base64, beside
  /// all else that is checked; with `insecure` nothing else is.
  std::vector<std::string> pins = {};
  bool insecure = false; ///< any certificate
};

/// These, read and ready for any number of dials. Made by the network.
class client_tls {
 public:
  virtual ~client_tls() = default;

  /// Whether who answers is known to be the node: its certificate or its key
  /// was checked.
  virtual bool verifies() const noexcept = 0;
};
using client_tls_ptr = std::shared_ptr<const client_tls>;

/// Whether `text` is "sha256/" and 32 bytes in base64.
bool is_pin(const std::string& text);

} // namespace aps
