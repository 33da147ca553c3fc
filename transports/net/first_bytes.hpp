#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace aps {

/// First bytes of every HTTP/2 connection (RFC 9113, 3.4).
inline constexpr std::string_view h2_preface
  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class first_bytes : uint8_t { undecided, http1, http2 };

/// What the first bytes of a connection begin with; `undecided` as long as
/// they are a part of the HTTP/2 preface.
constexpr first_bytes classify_first_bytes(std::string_view bytes) noexcept {
  const auto n = std::min(bytes.size(), h2_preface.size());
  if (bytes.substr(0, n) != h2_preface.substr(0, n))
    return first_bytes::http1;
  return n == h2_preface.size() ? first_bytes::http2
                                : first_bytes::undecided;
}

} // namespace aps
