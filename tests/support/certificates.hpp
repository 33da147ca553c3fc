#pragma once

// Certificates for tests, made as they go: nobody trusts them, and no file of
// one lies around.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

namespace aps::test {

inline constexpr long test_day = 24 * 3600;

/// A certificate and its key; `cert` and `key` are PEM.
struct made_certificate {
  std::shared_ptr<X509> x509;
  std::shared_ptr<EVP_PKEY> pkey;
  std::string cert;
  std::string key;
};

struct certificate_wish {
  std::string name = "a.example";           ///< common name
  std::string names = "DNS:a.example";      ///< subjectAltName; "" = none
  const made_certificate* issuer = nullptr; ///< null = itself
  bool ca = false;
  bool knows_issuer = false; ///< says where its issuer's certificate is
  long from = -test_day;     ///< s from now
  long until = 90 * test_day;
};

inline std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_X509(out.get(), certificate);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

/// With a passphrase if one is given.
inline std::string pem_of(EVP_PKEY* key, const char* passphrase = nullptr) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_PrivateKey(out.get(), key,
                           passphrase ? EVP_aes_128_cbc() : nullptr, nullptr, 0,
                           nullptr, const_cast<char*>(passphrase));
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

inline void add_extension(X509* to, X509* issuer, int kind,
                          const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

inline made_certificate make_certificate(const certificate_wish& wish = {}) {
  static int64_t serial = 1;
  made_certificate out;
  out.pkey = {EVP_EC_gen("P-256"), EVP_PKEY_free};
  out.x509 = {X509_new(), X509_free};
  auto* made = out.x509.get();
  auto* issuer = wish.issuer ? wish.issuer->x509.get() : made;
  X509_set_version(made, 2);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(made), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(made), wish.until);
  X509_set_pubkey(made, out.pkey.get());
  X509_NAME_add_entry_by_txt(
    X509_get_subject_name(made), "CN", MBSTRING_ASC,
    reinterpret_cast<const unsigned char*>(wish.name.data()),
    static_cast<int>(wish.name.size()), -1, 0); // it may have a NUL
  X509_set_issuer_name(made, X509_get_subject_name(issuer));
  add_extension(made, issuer, NID_basic_constraints,
                wish.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (wish.ca)
    add_extension(made, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!wish.names.empty())
    add_extension(made, issuer, NID_subject_alt_name, wish.names);
  if (wish.knows_issuer)
    add_extension(made, issuer, NID_info_access,
                  "caIssuers;URI:http://ca.invalid/ca.cer");
  X509_sign(made, wish.issuer ? wish.issuer->pkey.get() : out.pkey.get(),
            EVP_sha256());
  out.cert = pem_of(made);
  out.key = pem_of(out.pkey.get());
  return out;
}

} // namespace aps::test
