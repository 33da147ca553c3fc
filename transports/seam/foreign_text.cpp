#include "transports/seam/foreign_text.hpp"

#include <cstdint>
#include <cstring>

namespace aps {

namespace {

constexpr std::string_view cut_mark = "...";

constexpr uint8_t byte_at(std::string_view text, size_t at) noexcept {
  return static_cast<uint8_t>(text[at]);
}

struct code_point {
  uint32_t value = 0;
  size_t size = 0; ///< in bytes; 0 = no UTF-8 starts here
};

/// The code point at the front of `text` (RFC 3629: shortest form, no
/// surrogates, nothing above U+10FFFF).
code_point first_of(std::string_view text) noexcept {
  const auto lead = byte_at(text, 0);
  if (lead < 0x80)
    return {lead, 1};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
    return {};
  uint32_t value = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80)
      return {};
    value = value << 6 | (byte_at(text, i) & 0x3fu);
  }
  constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[size] || value > 0x10ffff
      || (value >= 0xd800 && value <= 0xdfff))
    return {};
  return {value, size};
}

/// Whether a code point may stand in a line for humans.
bool is_shown(uint32_t value) noexcept {
  struct range {
    uint32_t first;
    uint32_t last;
  };
  constexpr range hidden[] = {
    {0, 0x1f},          // C0: newlines, ESC
    {0x7f, 0x9f},       // DEL and C1
    {0xad, 0xad},       // soft hyphen
    {0x61c, 0x61c},     // Arabic letter mark
    {0x180e, 0x180e},   // vowel separator
    {0x200b, 0x200f},   // zero width, direction marks
    {0x2028, 0x202e},   // separators, embeddings and overrides
    {0x2060, 0x206f},   // joiners, isolates
    {0xfeff, 0xfeff},   // byte order mark
    {0xfff0, 0xfffb},   // interlinear marks
    {0xe0000, 0xe0fff}, // tags
  };
  for (const auto& one : hidden)
    if (value >= one.first && value <= one.last)
      return false;
  return true;
}

/// Bytes at the front of `text` that belong together; `shown` = as they are.
struct piece {
  size_t size;
  bool shown;
};

piece first_piece(std::string_view text) noexcept {
  const auto code = first_of(text);
  if (code.size == 0)
    return {1, false};
  return {code.size, is_shown(code.value)};
}

[[gnu::noinline]] bool is_clean_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto next = first_piece(text);
    if (!next.shown)
      return false;
    text.remove_prefix(next.size);
  }
  return true;
}

void append_escaped(std::string& to, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size(); ++i) {
    to += "\\x";
    to += digits[byte_at(bytes, i) >> 4];
    to += digits[byte_at(bytes, i) & 15];
  }
}

} // namespace

std::string foreign_text(std::string_view text, size_t most) {
  if (text.size() <= most && is_clean_text(text))
    return std::string{text};
  std::string out;
  // Where a cut leaves room for its mark.
  size_t last_fit = 0;
  while (!text.empty()) {
    const auto next = first_piece(text);
    if (next.shown)
      out += text.substr(0, next.size);
    else
      append_escaped(out, text.substr(0, next.size));
    text.remove_prefix(next.size);
    if (out.size() > most) {
      out.resize(last_fit);
      return out += cut_mark.substr(0, most - last_fit);
    }
    if (out.size() + cut_mark.size() <= most)
      last_fit = out.size();
  }
  return out;
}

bool is_plain_text(std::string_view text) noexcept {
  constexpr uint64_t each = 0x0101010101010101;
  const auto plain = [](uint64_t bytes) {
    // Per byte: below 0x20, 0x7f, above it.
    return (((bytes - 0x20 * each) | (bytes + each) | bytes) & 0x80 * each)
           == 0;
  };
  const auto* at = text.data();
  auto left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, at, 8);
    if (!plain(bytes))
      return false;
  }
  uint64_t rest = 0x20 * each;
  if (left != 0)
    std::memcpy(&rest, at, left);
  return plain(rest);
}

bool is_clean_text(std::string_view text) noexcept {
  return is_plain_text(text) || is_clean_utf8(text);
}

bool is_foreign_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_foreign_name
         && is_clean_text(text);
}

} // namespace aps
