#include "transports/net/tls/server_tls.hpp"

#include "config/tls/certificates.hpp"

#include <boost/asio/buffer.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <stdexcept>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr const char* tls12_ciphers
  = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls13_ciphers
  = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
    "TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* key_groups = "X25519:P-256:P-384";
constexpr unsigned char session_place[] = "aps";

[[noreturn]] void fail_tls(const std::string& doing, const std::string& why) {
  throw std::runtime_error("TLS: " + doing + ": " + why);
}

[[noreturn]] void fail_tls(const std::string& doing) {
  const auto code = ERR_get_error();
  const auto* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  fail_tls(doing, reason ? reason : "OpenSSL does not say why");
}

// -- callbacks of OpenSSL, on the threads of the units ------------------------

// Asio has the place for "app data" itself.
int contexts_index() {
  static const int index
    = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const tls_contexts& contexts_of(SSL* ssl) {
  return *static_cast<const tls_contexts*>(
    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), contexts_index()));
}

int choose_certificate(SSL* ssl, int*, void* all) {
  const auto* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name)
    return SSL_TLSEXT_ERR_NOACK;
  auto& found = static_cast<const tls_contexts*>(all)->find(name);
  SSL_set_SSL_CTX(ssl, found.native_handle());
  return SSL_TLSEXT_ERR_OK;
}

int protocols_index() {
  static const int index
    = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Who offers both gets HTTP/2.
int choose_protocol(SSL* ssl, const unsigned char** chosen,
                    unsigned char* length, const unsigned char* offered,
                    unsigned size, void*) {
  // What is chosen points in here.
  static const std::string http = "\x02h2\x08http/1.1";
  const auto* own
    = static_cast<const std::string*>(SSL_get_ex_data(ssl, protocols_index()));
  const auto& known = own ? *own : http;
  if (known.empty())
    return SSL_TLSEXT_ERR_NOACK;
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(
        &found, length, reinterpret_cast<const unsigned char*>(known.data()),
        static_cast<unsigned>(known.size()), offered, size)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// RFC 6066, 8. What is given to OpenSSL is its own.
int staple_response(SSL* ssl, void*) {
  const auto* response = contexts_of(ssl).staple_of(SSL_get_certificate(ssl));
  if (!response)
    return SSL_TLSEXT_ERR_NOACK;
  auto* copy = OPENSSL_memdup(response->data(), response->size());
  if (!copy)
    return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, copy,
                                  static_cast<long>(response->size()));
  return SSL_TLSEXT_ERR_OK;
}

bool set_mac_key(EVP_MAC_CTX* mac, ticket_keys::key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[]
    = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(),
                                         key.mac.size()),
       OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
       OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// 0 = no ticket, or none that counts; 2 = one that is made anew.
int protect_ticket(SSL* ssl, unsigned char* name, unsigned char* iv,
                   EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) {
  auto& keys = contexts_of(ssl).keys();
  const auto now = clock_type::now();
  const auto* const kind = EVP_aes_256_cbc();
  if (encrypt) {
    auto key = keys.current(now);
    std::copy(key.name.begin(), key.name.end(), name);
    const bool ok
      = RAND_bytes(iv, EVP_CIPHER_get_iv_length(kind)) == 1
        && EVP_EncryptInit_ex(cipher, kind, nullptr, key.cipher.data(), iv) == 1
        && set_mac_key(mac, key);
    return ok ? 1 : -1;
  }
  auto found = keys.find(name, now);
  if (!found)
    return 0;
  if (!set_mac_key(mac, found->key)
      || EVP_DecryptInit_ex(cipher, kind, nullptr, found->key.cipher.data(), iv)
           != 1)
    return -1;
  return found->old ? 2 : 1;
}

// -- contexts -----------------------------------------------------------------

void set_up(asio::ssl::context& context, const tls_contexts& all,
            bool only_tls13) {
  auto* ctx = context.native_handle();
  SSL_CTX_set_ex_data(ctx, contexts_index(), const_cast<tls_contexts*>(&all));
  SSL_CTX_set_min_proto_version(ctx,
                                only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_cipher_list(ctx, tls12_ciphers) != 1
      || SSL_CTX_set_ciphersuites(ctx, tls13_ciphers) != 1
      || SSL_CTX_set1_groups_list(ctx, key_groups) != 1)
    fail_tls("ciphers");
  SSL_CTX_set_max_early_data(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(ctx, session_place, sizeof session_place - 1);
  SSL_CTX_set_timeout(
    ctx, std::chrono::duration_cast<std::chrono::seconds>(ticket_keys::lifetime)
           .count());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, &protect_ticket);
  SSL_CTX_set_tlsext_servername_callback(ctx, &choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(ctx, const_cast<tls_contexts*>(&all));
  SSL_CTX_set_alpn_select_cb(ctx, &choose_protocol, nullptr);
  SSL_CTX_set_tlsext_status_cb(ctx, &staple_response);
}

// Who has no certificate comes in as well: a tunnel may want one, visitors need
// none. One that is of no authority of ours ends the handshake.
void ask_for_certificates(asio::ssl::context& context,
                          const std::string& authorities) {
  error_code error;
  context.add_certificate_authority(asio::buffer(authorities), error);
  if (error)
    fail_tls("client_ca", error.message());
  auto* ctx = context.native_handle();
  auto* list = sk_X509_NAME_new_null();
  const auto* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i)
    if (auto* each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)))
      sk_X509_NAME_push(list, X509_NAME_dup(X509_get_subject_name(each)));
  SSL_CTX_set_client_CA_list(ctx, list);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  // Tickets of other authorities' sessions do not count.
  unsigned char place[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(authorities.data(), authorities.size(), place, &size,
                 EVP_sha256(), nullptr)
      != 1)
    fail_tls("client_ca");
  SSL_CTX_set_session_id_context(ctx, place, size);
}

void use(asio::ssl::context& context, const tls_pair& pair) {
  error_code error;
  context.use_certificate_chain(asio::buffer(pair.chain), error);
  if (error)
    fail_tls("a certificate", error.message());
  context.use_private_key(asio::buffer(pair.key), asio::ssl::context::pem,
                          error);
  if (error)
    fail_tls("a key", error.message());
}

} // namespace

tls_contexts::tls_contexts(const tls_material& material,
                           std::shared_ptr<ticket_keys> keys)
    : keys_(std::move(keys)) {
  for (const auto& pair : material.pairs) {
    auto& context = entry_of(pair, material).context;
    use(context, pair);
    if (!pair.ocsp.empty())
      staples_.push_back({SSL_CTX_get0_certificate(context.native_handle()),
                          pair.ocsp, pair.ocsp_until});
  }
  if (entries_.empty())
    fail_tls("certificates", "there is none");
}

// Certificates of the same names and of different keys share a context, where
// OpenSSL takes the one that the client understands.
tls_contexts::entry& tls_contexts::entry_of(const tls_pair& pair,
                                            const tls_material& material) {
  for (const auto& each : entries_)
    if (each->names == pair.names
        && std::find(each->key_types.begin(), each->key_types.end(),
                     pair.key_type)
             == each->key_types.end()) {
      each->key_types.push_back(pair.key_type);
      return *each;
    }
  auto& added = entries_.emplace_back(std::make_unique<entry>(
    entry{pair.names,
          {pair.key_type},
          asio::ssl::context{asio::ssl::context::tls_server}}));
  set_up(added->context, *this, material.only_tls13);
  if (!material.client_ca.empty())
    ask_for_certificates(added->context, material.client_ca);
  return *added;
}

asio::ssl::context& tls_contexts::find(std::string_view name) const noexcept {
  entry* with_star = nullptr;
  for (const auto& each : entries_)
    for (const auto& known : each->names) {
      if (!config::covers(known, name))
        continue;
      if (!known.starts_with('*'))
        return each->context;
      if (!with_star)
        with_star = each.get();
    }
  return with_star ? with_star->context : entries_.front()->context;
}

const std::string* tls_contexts::staple_of(const X509* shown) const noexcept {
  for (const auto& each : staples_)
    if (each.of == shown)
      return each.until == 0 || config::seconds_now() <= each.until
               ? &each.response
               : nullptr;
  return nullptr;
}

void agree_to(SSL* ssl, const std::string& protocols) {
  SSL_set_ex_data(ssl, protocols_index(), const_cast<std::string*>(&protocols));
}

std::string listed_protocols(const std::vector<std::string>& protocols) {
  std::string out;
  for (const auto& each : protocols) {
    assert(!each.empty() && each.size() <= UINT8_MAX);
    out += static_cast<char>(each.size());
    out += each;
  }
  return out;
}

server_tls::server_tls(const tls_material& material) {
  renew(material);
}

void server_tls::renew(const tls_material& material) {
  auto fresh = std::make_shared<const tls_contexts>(material, keys_);
  std::lock_guard guard{mutex_};
  current_ = std::move(fresh);
}

tls_contexts_ptr server_tls::current() const {
  std::lock_guard guard{mutex_};
  return current_;
}

} // namespace aps
