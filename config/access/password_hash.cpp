#include "config/access/password_hash.hpp"

#include "config/syntax/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <stdexcept>

namespace aps::config {

namespace {

constexpr std::string_view hash_prefix = "$scrypt$";
constexpr unsigned least_log_n = 10;
constexpr uint64_t most_memory = 256 * 1024 * 1024;
constexpr size_t salt_bytes = 16;
constexpr size_t key_bytes = 32;
constexpr size_t longest_salt = 160;

// As agents derive theirs.
constexpr unsigned tunnel_log_n = 14;

std::string tunnel_salt(std::string_view tunnel) {
  return "aps.tunnel.v1:" + std::string{tunnel};
}

// The part up to the next `end`, which goes with it; none is the rest.
std::string_view next_part(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto out = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return out;
}

template <class T>
bool read_parameter(std::string_view& text, std::string_view name, T& to) {
  auto part = next_part(text, ',');
  if (!part.starts_with(name))
    return false;
  part.remove_prefix(name.size());
  const auto* end = part.data() + part.size();
  const auto [at, error] = std::from_chars(part.data(), end, to);
  return error == std::errc{} && at == end && part.front() != '0';
}

uint64_t memory_of(unsigned log_n, uint32_t r, uint32_t p) {
  return 128 * uint64_t{r} * ((uint64_t{1} << log_n) + p + 2);
}

bool derive(std::string_view password, const std::string& salt, unsigned log_n,
            uint32_t r, uint32_t p, std::string& to) {
  const bool done
    = EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()),
                     salt.size(), uint64_t{1} << log_n, r, p,
                     memory_of(log_n, r, p) + 1024 * 1024,
                     reinterpret_cast<unsigned char*>(to.data()), to.size())
      == 1;
  if (!done)
    ERR_clear_error();
  return done;
}

} // namespace

std::optional<password_hash> password_hash::parse(std::string_view text) {
  if (!text.starts_with(hash_prefix))
    return std::nullopt;
  text.remove_prefix(hash_prefix.size());
  password_hash out;
  auto parameters = next_part(text, '$');
  const auto salt = from_base64(next_part(text, '$'));
  const auto key = from_base64(text);
  const bool read = read_parameter(parameters, "ln=", out.log_n_)
                    && read_parameter(parameters, "r=", out.r_)
                    && read_parameter(parameters, "p=", out.p_)
                    && parameters.empty();
  if (!read || !salt || !key || salt->size() < 8 || salt->size() > longest_salt
      || key->size() < 16 || key->size() > 64 || out.log_n_ < least_log_n
      || out.log_n_ > 24 || out.r_ > 64 || out.p_ > 16
      || memory_of(out.log_n_, out.r_, out.p_) > most_memory + 1024 * 1024)
    return std::nullopt;
  out.salt_ = *salt;
  out.key_ = *key;
  return out;
}

password_hash password_hash::make(std::string_view password) {
  password_hash out;
  out.salt_.resize(salt_bytes);
  out.key_.resize(key_bytes);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.salt_.data()),
                 static_cast<int>(out.salt_.size()))
      != 1)
    throw std::runtime_error("OpenSSL: no random bytes");
  if (!derive(password, out.salt_, out.log_n_, out.r_, out.p_, out.key_))
    throw std::runtime_error("OpenSSL: scrypt failed");
  return out;
}

password_hash password_hash::of_tunnel(std::string_view tunnel,
                                       std::string_view password) {
  password_hash out;
  out.log_n_ = tunnel_log_n;
  out.p_ = 1;
  out.salt_ = tunnel_salt(tunnel);
  out.key_.resize(key_bytes);
  if (!derive(password, out.salt_, out.log_n_, out.r_, out.p_, out.key_))
    throw std::runtime_error("OpenSSL: scrypt failed");
  return out;
}

std::optional<std::string>
password_hash::key_of(std::string_view tunnel) const {
  if (log_n_ != tunnel_log_n || r_ != 8 || p_ != 1 || key_.size() != key_bytes
      || salt_ != tunnel_salt(tunnel))
    return std::nullopt;
  return key_;
}

std::string password_hash::str() const {
  return std::string{hash_prefix} + "ln=" + std::to_string(log_n_)
         + ",r=" + std::to_string(r_) + ",p=" + std::to_string(p_) + "$"
         + to_base64(salt_) + "$" + to_base64(key_);
}

bool password_hash::matches(std::string_view password) const noexcept {
  try {
    std::string key(key_.size(), '\0');
    return derive(password, salt_, log_n_, r_, p_, key)
           && CRYPTO_memcmp(key.data(), key_.data(), key_.size()) == 0;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

} // namespace aps::config
