#include "transports/seam/auth.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

namespace aps {

namespace {

constexpr uint64_t scrypt_n = 16384;
constexpr uint64_t scrypt_r = 8;
constexpr uint64_t scrypt_p = 1;
constexpr uint64_t scrypt_memory = 64 * 1024 * 1024;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Length-prefixed, so that no two inputs run together alike.
void append(std::string& to, std::string_view part) {
  const auto size = static_cast<uint32_t>(part.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    to += static_cast<char>((size >> shift) & 0xff);
  to += part;
}

struct mac_release {
  void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const noexcept {
    EVP_MAC_CTX_free(context);
  }
};
using mac_context = std::unique_ptr<EVP_MAC_CTX, mac_release>;

// With such a digest, unless the MAC has none.
mac_context new_mac(const char* name, std::string digest = {}) {
  const std::unique_ptr<EVP_MAC, mac_release> mac{
    EVP_MAC_fetch(nullptr, name, nullptr)};
  mac_context out{mac ? EVP_MAC_CTX_new(mac.get()) : nullptr};
  const OSSL_PARAM params[]
    = {digest.empty() ? OSSL_PARAM_construct_end()
                      : OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                         digest.data(), 0),
       OSSL_PARAM_construct_end()};
  if (!out || EVP_MAC_CTX_set_params(out.get(), params) != 1)
    throw std::runtime_error(std::string("OpenSSL: no ") + name);
  return out;
}

// A null key would mean the one before.
std::string compute(EVP_MAC_CTX* context, std::string_view key,
                    std::string_view message) {
  const auto used = key.empty() ? std::string_view{""} : key;
  std::string out(EVP_MAX_MD_SIZE, '\0');
  size_t length = 0;
  if (EVP_MAC_init(context, bytes_of(used), used.size(), nullptr) != 1
      || EVP_MAC_update(context, bytes_of(message), message.size()) != 1
      || EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()),
                       &length, out.size())
           != 1)
    throw std::runtime_error("OpenSSL: a MAC failed");
  out.resize(length);
  return out;
}

} // namespace

std::string derive_key(std::string_view tunnel, std::string_view password) {
  const auto salt = "aps.tunnel.v1:" + std::string(tunnel);
  std::string key(32, '\0');
  if (EVP_PBE_scrypt(password.data(), password.size(), bytes_of(salt),
                     salt.size(), scrypt_n, scrypt_r, scrypt_p, scrypt_memory,
                     reinterpret_cast<unsigned char*>(key.data()), key.size())
      != 1)
    throw std::runtime_error("OpenSSL: scrypt failed");
  return key;
}

// To find the digest takes OpenSSL longer than to compute it, so each thread
// does so once.
std::string keyed_hash(std::string_view key, std::string_view message) {
  thread_local const auto context
    = new_mac(OSSL_MAC_NAME_HMAC, OSSL_DIGEST_NAME_SHA2_256);
  return compute(context.get(), key, message);
}

std::string keyed_mark(std::string_view key, std::string_view text) {
  thread_local const auto context = new_mac(OSSL_MAC_NAME_SIPHASH);
  return compute(context.get(), key, text);
}

std::string sha256(std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(),
                 reinterpret_cast<unsigned char*>(out.data()), &length,
                 EVP_sha256(), nullptr)
      != 1)
    throw std::runtime_error("OpenSSL: SHA-256 failed");
  out.resize(length);
  return out;
}

std::string agent_proof(std::string_view key, std::string_view node_nonce,
                        const hello_frame& hello, transport_kind transport,
                        std::string_view binding) {
  std::string message;
  append(message, "aps agent");
  append(message, node_nonce);
  append(message, hello.tunnel);
  append(message, hello.endpoint);
  append(message, {reinterpret_cast<const char*>(hello.session.data()),
                   hello.session.size()});
  append(message, to_string(transport));
  append(message, hello.nonce);
  if (!binding.empty())
    append(message, binding);
  return keyed_hash(key, message);
}

std::string node_proof(std::string_view key, const hello_frame& hello) {
  std::string message;
  append(message, "aps node");
  append(message, hello.nonce);
  append(message, hello.proof);
  return keyed_hash(key, message);
}

bool equal_secrets(std::string_view x, std::string_view y) noexcept {
  return x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

std::string random_bytes(size_t n) {
  std::string out(n, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()),
                 static_cast<int>(n))
      != 1)
    throw std::runtime_error("OpenSSL: no random bytes");
  return out;
}

} // namespace aps
