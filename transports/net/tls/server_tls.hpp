#pragma once

#include "transports/net/tls/ticket_keys.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// What a server's handshakes need: a context for each of its certificates,
/// of which the name that is asked for picks one. Constant once made. Those
/// whose handshakes began with it keep it.
class tls_contexts {
 public:
  /// Throws std::runtime_error with what OpenSSL does not like.
  tls_contexts(const tls_material& material, std::shared_ptr<ticket_keys> keys);

  tls_contexts(const tls_contexts&) = delete;
  tls_contexts& operator=(const tls_contexts&) = delete;

  /// For a connection that did not say yet which name it wants.
  boost::asio::ssl::context& first() const noexcept {
    return entries_.front()->context;
  }

  /// The one for a name: as it stands there, else with a star, else the first.
  boost::asio::ssl::context& find(std::string_view name) const noexcept;

  ticket_keys& keys() const noexcept { return *keys_; }

  /// The OCSP response for a certificate of these; null = none that counts.
  const std::string* staple_of(const X509* shown) const noexcept;

 private:
  /// By the address of a certificate, which its context keeps alive.
  struct staple {
    const X509* of;
    std::string response; ///< DER
    int64_t until;        ///< s since 1970; 0 = for ever
  };

  struct entry {
    std::vector<std::string> names;
    std::vector<std::string> key_types;
    boost::asio::ssl::context context;
  };

  entry& entry_of(const tls_pair& pair, const tls_material& material);

  const std::shared_ptr<ticket_keys> keys_;
  std::vector<std::unique_ptr<entry>> entries_; ///< never empty
  std::vector<staple> staples_;
};
using tls_contexts_ptr = std::shared_ptr<const tls_contexts>;

/// What a connection agrees to instead of the versions of HTTP (ALPN), the best
/// first, as the wire lists it (RFC 7301, 3.1). `protocols` lives as long as
/// the connection; with an empty one it says nothing, whatever it is asked.
void agree_to(SSL* ssl, const std::string& protocols);

/// The same as the wire has it. Precondition: 1 to 255 bytes each.
std::string listed_protocols(const std::vector<std::string>& protocols);

/// TLS of one port. Versions and ciphers are those of Mozilla's "intermediate"
/// without the finite-field groups, whose exchange costs the server most
/// (CVE-2002-20001); no renegotiation, no compression, no early data.
/// Thread: any.
class server_tls {
 public:
  /// Throws std::runtime_error.
  explicit server_tls(const tls_material& material);

  /// For connections that come from now on. When it throws nothing changed.
  void renew(const tls_material& material);

  tls_contexts_ptr current() const;

 private:
  const std::shared_ptr<ticket_keys> keys_ = std::make_shared<ticket_keys>();
  mutable std::mutex mutex_;
  tls_contexts_ptr current_;
};

} // namespace aps
