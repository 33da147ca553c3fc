#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aps {

/// What an HTTP/2 connection begins with.
enum class h2_request : uint8_t {
  incomplete,
  tunnel, ///< an agent's call: POST to the tunnel's method
  other,  ///< a visitor's request, or another method
  malformed,
};

/// No agent needs more than this before its call.
inline constexpr size_t max_h2_start = 16 * 1024;

/// Looks at what came so far of a connection, from its preface on, until the
/// head of the first request is complete. Reads no more of HPACK (RFC 7541)
/// than it takes to find one path: Huffman's coding of a string is unique, so
/// the path is compared in both of its spellings and nothing is decoded. Pure.
h2_request first_h2_request(std::string_view bytes) noexcept;

} // namespace aps
