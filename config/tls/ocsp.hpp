#pragma once

#include "config/config.hpp"

#include <openssl/types.h>

#include <cstdint>

namespace aps::config {

class source; // config/syntax/expand.hpp

/// What the authority of a certificate says of it, which a server shows beside
/// it, so that nobody has to ask (RFC 6960; stapling: RFC 6066, 8).
struct ocsp_response {
  std::string der;
  int64_t until = 0; ///< when the next one is due, s since 1970; 0 = any time
  bool operator==(const ocsp_response&) const = default;

  bool over(int64_t now) const noexcept { return until != 0 && until < now; }
};

/// Reads a response as `openssl ocsp -respout` writes it, as of `now` (s since
/// 1970), and checks that it is about `certificate`, good, not of the future
/// and signed by `issuer`, or by whom that one names; without an issuer (null)
/// nobody can check the signature. One that is over is no problem: a node has
/// to start all the same, and does not show it. Problems are at `path`.
std::variant<ocsp_response, problem>
read_ocsp(const std::string& file, const source& from, const std::string& path,
          X509* certificate, X509* issuer, int64_t now);

} // namespace aps::config
