#include "transports/seam/auth.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

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

std::string keyed_hash(std::string_view key, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            bytes_of(message), message.size(),
            reinterpret_cast<unsigned char*>(out.data()), &length))
    throw std::runtime_error("OpenSSL: HMAC-SHA256 failed");
  out.resize(length);
  return out;
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
