#include "config/syntax/base64.hpp"

#include <array>
#include <cstdint>

namespace aps::config {

namespace {

constexpr std::string_view base64_letters
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr uint8_t no_letter = 64;

// What each byte stands for.
constexpr auto base64_values = [] {
  std::array<uint8_t, 256> out{};
  out.fill(no_letter);
  for (size_t i = 0; i < base64_letters.size(); ++i)
    out[static_cast<unsigned char>(base64_letters[i])]
      = static_cast<uint8_t>(i);
  return out;
}();

} // namespace

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6)
      out += base64_letters[bits >> (count - 6) & 63];
  }
  if (count > 0)
    out += base64_letters[bits << (6 - count) & 63];
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  const auto last = text.find_last_not_of('=');
  const auto letters = text.substr(0, last == text.npos ? 0 : last + 1);
  const auto padding = text.size() - letters.size();
  if (letters.size() % 4 == 1
      || (padding > 0 && (padding > 2 || text.size() % 4 != 0)))
    return std::nullopt;
  std::string out(letters.size() * 3 / 4, '\0');
  auto* to = out.data();
  uint32_t all = 0; // values, of which one that is none has a bit of its own
  const auto read = [&](size_t i, size_t count) {
    uint32_t bits = 0;
    for (size_t n = 0; n < count; ++n) {
      const uint32_t value
        = base64_values[static_cast<unsigned char>(letters[i + n])];
      all |= value;
      bits = bits << 6 | value;
    }
    return bits;
  };
  size_t i = 0;
  for (; letters.size() - i >= 4; i += 4) {
    const auto bits = read(i, 4);
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  // Of two or three letters the last bits belong to no byte.
  const auto count = letters.size() - i;
  const auto bits = read(i, count);
  const auto rest = static_cast<unsigned>(count * 6 % 8);
  for (auto left = static_cast<unsigned>(count * 6); left >= 8; left -= 8)
    *to++ = static_cast<char>(bits >> (left - 8));
  if ((all & no_letter) != 0 || (bits & ((1u << rest) - 1)) != 0)
    return std::nullopt;
  return out;
}

} // namespace aps::config
