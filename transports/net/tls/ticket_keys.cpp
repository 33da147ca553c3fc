#include "transports/net/tls/ticket_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace aps {

namespace {

ticket_keys::key make_ticket_key() {
  ticket_keys::key out{};
  if (RAND_bytes(out.name.data(), static_cast<int>(out.name.size())) != 1
      || RAND_bytes(out.cipher.data(), static_cast<int>(out.cipher.size())) != 1
      || RAND_bytes(out.mac.data(), static_cast<int>(out.mac.size())) != 1)
    throw std::runtime_error("OpenSSL: no random bytes");
  return out;
}

} // namespace

ticket_keys::ticket_keys()
    : current_(make_ticket_key()), since_(clock_type::now()) {}

ticket_keys::~ticket_keys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

void ticket_keys::rotate(time_point now) {
  if (now - since_ < lifetime)
    return;
  previous_ = current_;
  has_previous_ = now - since_ < 2 * lifetime;
  current_ = make_ticket_key();
  since_ = now;
}

ticket_keys::key ticket_keys::current(time_point now) {
  std::lock_guard guard{mutex_};
  rotate(now);
  return current_;
}

std::optional<ticket_keys::found> ticket_keys::find(const unsigned char* name,
                                                    time_point now) {
  std::lock_guard guard{mutex_};
  rotate(now);
  const auto is = [name](const key& key) {
    return std::memcmp(key.name.data(), name, key.name.size()) == 0;
  };
  if (is(current_))
    return found{current_, false};
  if (has_previous_ && is(previous_))
    return found{previous_, true};
  return std::nullopt;
}

} // namespace aps
