#include "config/tls/ocsp.hpp"

#include "config/syntax/expand.hpp"
#include "config/syntax/file.hpp"
#include "config/tls/certificates.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>

namespace aps::config {

namespace {

constexpr size_t max_response = 64 << 10; // bytes; TLS takes no more (2^24)
constexpr int64_t clock_skew = 300;       // s that two clocks may differ

template <auto Free>
struct ocsp_freed_by {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using response_ptr
  = std::unique_ptr<OCSP_RESPONSE, ocsp_freed_by<OCSP_RESPONSE_free>>;
using basic_ptr
  = std::unique_ptr<OCSP_BASICRESP, ocsp_freed_by<OCSP_BASICRESP_free>>;
using trust_ptr = std::unique_ptr<X509_STORE, ocsp_freed_by<X509_STORE_free>>;

/// What is wrong, and what would be right.
struct objection {
  std::string found;
  std::string allowed;
};
using objections = std::optional<objection>;

bool is_hash(const ASN1_OCTET_STRING* hash, const unsigned char* digest,
             unsigned size) {
  return ASN1_STRING_length(hash) == static_cast<int>(size)
         && std::memcmp(ASN1_STRING_get0_data(hash), digest, size) == 0;
}

// Whether a response is about this certificate: its number, and its issuer's
// name and key, of which there are hashes.
bool is_about(const OCSP_SINGLERESP* single, X509* certificate, X509* issuer) {
  ASN1_OCTET_STRING* name = nullptr;
  ASN1_OCTET_STRING* key = nullptr;
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* serial = nullptr;
  auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  OCSP_id_get0_info(&name, &algorithm, &key, &serial, id);
  const auto* kind = EVP_get_digestbyobj(algorithm);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!kind
      || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0
      || X509_NAME_digest(X509_get_issuer_name(certificate), kind, digest,
                          &size)
           != 1
      || !is_hash(name, digest, size))
    return false;
  return !issuer
         || (X509_pubkey_digest(issuer, kind, digest, &size) == 1
             && is_hash(key, digest, size));
}

objections look_at_signature(OCSP_BASICRESP* basic, X509* issuer, int64_t now) {
  const trust_ptr trust{X509_STORE_new()};
  X509_STORE_add_cert(trust.get(), issuer);
  auto* wanted = X509_STORE_get0_param(trust.get());
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(wanted, now);
  if (OCSP_basic_verify(basic, nullptr, trust.get(), 0) == 1)
    return {};
  ERR_clear_error();
  return objection{"not signed by the issuer of cert",
                   "a response of its authority"};
}

// Also says until when it counts.
objections look_at_answer(OCSP_SINGLERESP* single, int64_t now,
                          int64_t& until) {
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* begin = nullptr;
  ASN1_GENERALIZEDTIME* end = nullptr;
  int reason = 0;
  switch (OCSP_single_get0_status(single, &reason, &revoked, &begin, &end)) {
    case V_OCSP_CERTSTATUS_GOOD: break;
    case V_OCSP_CERTSTATUS_REVOKED:
      return objection{"cert was revoked on " + date_of(revoked),
                       "a certificate that counts"};
    default:
      return objection{"its authority does not know cert", "the status good"};
  }
  if (seconds_of(begin) > now + clock_skew)
    return objection{"not valid before " + date_of(begin),
                     "one that is valid today"};
  until = end ? seconds_of(end) : 0;
  return {};
}

objections look_at(OCSP_BASICRESP* basic, X509* certificate, X509* issuer,
                   int64_t now, int64_t& until) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i)
    if (auto* single = OCSP_resp_get0(basic, i);
        is_about(single, certificate, issuer)) {
      if (auto wrong = look_at_answer(single, now, until))
        return wrong;
      return issuer ? look_at_signature(basic, issuer, now) : std::nullopt;
    }
  return objection{"a response about another certificate", "one about cert"};
}

objections look_at(const std::string& der, X509* certificate, X509* issuer,
                   int64_t now, int64_t& until) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  const response_ptr response{
    d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()))};
  ERR_clear_error();
  if (!response || at != end)
    return objection{"no OCSP response in DER", "an OCSP response in DER"};
  if (const auto status = OCSP_response_status(response.get());
      status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return objection{std::string{"the responder says "}
                       + OCSP_response_status_str(status),
                     "the response to a request that succeeded"};
  const basic_ptr basic{OCSP_response_get1_basic(response.get())};
  ERR_clear_error();
  if (!basic)
    return objection{"a response of an unknown type", "a basic one"};
  return look_at(basic.get(), certificate, issuer, now, until);
}

} // namespace

std::variant<ocsp_response, problem>
read_ocsp(const std::string& file, const source& from, const std::string& path,
          X509* certificate, X509* issuer, int64_t now) {
  auto read = from.read(file, max_response);
  ocsp_response out{std::move(read.text), 0};
  auto wrong = read.error.empty()
                 ? look_at(out.der, certificate, issuer, now, out.until)
                 : objection{read.error, "a readable file"};
  if (!wrong)
    return out;
  return problem{
    path, shown_name(file) + " (" + wrong->found + ")", wrong->allowed, {}};
}

} // namespace aps::config
