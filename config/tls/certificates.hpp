#pragma once

#include "config/config.hpp"
#include "config/tls/ocsp.hpp"

#include <openssl/types.h>

#include <cstdint>

namespace aps::config {

class source; // config/syntax/expand.hpp

/// A certificate with those behind it and its key, as the files have them.
struct certificate_pair {
  std::string chain;              ///< PEM
  std::string key;                ///< PEM
  std::vector<std::string> names; ///< of hosts, and addresses
  std::string key_type;           ///< "RSA", "EC", ...
  int64_t not_after = 0;   ///< when the first of the chain ends, s since 1970
  ocsp_response ocsp = {}; ///< empty = none is shown
  bool operator==(const certificate_pair&) const = default;
};

/// Who shows it: servers need names, and clients none.
enum class certificate_use : uint8_t { server, client };

/// Reads and checks a pair as of `now` (s since 1970): readable files in PEM,
/// the key of this certificate and none with a passphrase, each certificate in
/// its time and issued by the next one, and none missing, and an OCSP response
/// for it (config/tls/ocsp.hpp). Otherwise one problem, whose path is that of
/// the pair with the key of the wrong file.
std::variant<certificate_pair, problem>
read_certificate(const certificate& files, const source& from, int64_t now,
                 certificate_use use = certificate_use::server);

/// Reads the certificates of authorities, PEM; otherwise one problem at `path`.
std::variant<std::string, problem> read_authorities(const std::string& file,
                                                    const source& from,
                                                    const std::string& path);

/// The names of hosts and the addresses that a certificate is for.
std::vector<std::string> names_of(X509* certificate);

/// The part of a name that people know, quoted.
std::string common_name(const X509_NAME* name);

/// Seconds since 1970; 0 = it is no time.
int64_t seconds_of(const ASN1_TIME* time);

/// YYYY-MM-DD.
std::string date_of(const ASN1_TIME* time);

/// Whether a certificate for `name`, which may begin with "*.", is one for
/// `host` (RFC 6125, 6.4.3: the star stands for one label).
bool covers(std::string_view name, std::string_view host);

/// Whole days from `now` until `not_after`; negative when that is over.
int64_t days_left(int64_t not_after, int64_t now);

/// Seconds since 1970.
int64_t seconds_now();

/// All certificates of all servers and of `admin.grpc`, each read and checked.
/// Returns the names that those of servers are for.
std::vector<std::string> check_certificates(const node& all, const source& from,
                                            problems& out);

/// The hosts of mappings that visitors reach over TLS.
std::vector<std::string> secure_hosts(const std::vector<mapping>& mappings);

/// The first of `hosts` that none of `names` covers; empty = they all are.
std::string uncovered(const std::vector<std::string>& hosts,
                      const std::vector<std::string>& names);

} // namespace aps::config
