#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// A certificate with its chain and key, PEM, and the names it is for.
struct tls_pair {
  std::string chain;
  std::string key;
  std::vector<std::string> names; ///< may begin with "*."
  std::string key_type;           ///< "RSA", "EC", ...
  std::string ocsp = {};          ///< DER, for clients that ask; empty = none
  int64_t ocsp_until = 0; ///< shown till then, s since 1970; 0 = for ever
};

/// What a server shows of itself to those who speak TLS.
struct tls_material {
  std::vector<tls_pair> pairs = {}; ///< the first for names that none has
  bool only_tls13 = false;
  std::string client_ca = {}; ///< PEM; who comes is asked for one of theirs
};
using tls_material_ptr = std::shared_ptr<const tls_material>;

/// What is known of one connection's TLS.
struct tls_facts {
  std::string version;     ///< "TLSv1.3"
  std::string cipher;      ///< OpenSSL's name
  std::string server_name; ///< as the client asked for it; clean
  std::string subject;     ///< of the client's certificate; clean, or empty
  /// Whom that certificate is for: its common name and subjectAltNames.
  std::vector<std::string> client_names;
  /// 32 bytes that both ends know and nobody between them (RFC 9266,
  /// tls-exporter); empty when this session cannot promise that.
  std::string binding;
};
using tls_facts_ptr = std::shared_ptr<const tls_facts>;

} // namespace aps
