#include "transports/seam/tls/client_tls.hpp"

#include <string_view>

namespace aps {

bool is_pin(const std::string& text) {
  constexpr std::string_view prefix = "sha256/";
  constexpr size_t digits = 44; // of 32 bytes, the last one "="
  constexpr std::string_view alphabet
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return text.starts_with(prefix) && text.size() == prefix.size() + digits
         && text.ends_with('=')
         && text.find_first_not_of(alphabet, prefix.size()) == text.size() - 1;
}

} // namespace aps
