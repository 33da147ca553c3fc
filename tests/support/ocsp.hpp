#pragma once

// OCSP responses for tests, made as they go.

#include "tests/support/certificates.hpp"

#include <openssl/ocsp.h>

namespace aps::test {

struct ocsp_wish {
  const made_certificate& of;
  const made_certificate& issuer;
  const made_certificate* signer = nullptr; ///< null = the issuer
  int status = V_OCSP_CERTSTATUS_GOOD;
  long from = -test_day; ///< s from now
  long until = test_day; ///< 0 = it does not say
};

inline std::string der_of(OCSP_RESPONSE* response) {
  unsigned char* bytes = nullptr;
  const auto size = i2d_OCSP_RESPONSE(response, &bytes);
  std::string out{reinterpret_cast<const char*>(bytes),
                  static_cast<size_t>(size)};
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  return out;
}

/// One that says no, with a status of RFC 6960, 4.2.1.
inline std::string refused_ocsp(int status) {
  return der_of(OCSP_response_create(status, nullptr));
}

inline std::string make_ocsp(const ocsp_wish& wish) {
  auto* basic = OCSP_BASICRESP_new();
  auto* id
    = OCSP_cert_to_id(EVP_sha1(), wish.of.x509.get(), wish.issuer.x509.get());
  auto* begin = X509_gmtime_adj(nullptr, wish.from);
  auto* end = wish.until == 0 ? nullptr : X509_gmtime_adj(nullptr, wish.until);
  auto* revoked = X509_gmtime_adj(nullptr, -test_day);
  OCSP_basic_add1_status(basic, id, wish.status, 0, revoked, begin, end);
  const auto& signer = wish.signer ? *wish.signer : wish.issuer;
  OCSP_basic_sign(basic, signer.x509.get(), signer.pkey.get(), EVP_sha256(),
                  nullptr, 0);
  auto out
    = der_of(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic));
  for (auto* time : {begin, end, revoked})
    ASN1_TIME_free(time);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  return out;
}

} // namespace aps::test
