#pragma once

#include <cstddef>
#include <cstdint>

/// What a frame may hold at most, for everyone who has to keep to it before
/// something is sent: the HTTP front, targets, the check of configurations.
/// proto/aps/tunnel/v1/tunnel.proto says the same to others.
namespace aps {

/// Header fields of one head, and trailers of one end.
inline constexpr size_t max_head_fields = 1024;

/// Bytes of all texts of one head together, names and values included.
inline constexpr size_t max_head_bytes = 272 * 1024;

/// What `http.max_headers` and `http.max_header_bytes` may be at most: a
/// frame has to take what the node adds of its own, too.
inline constexpr size_t max_visitor_fields = max_head_fields - 24;
inline constexpr size_t max_visitor_head_bytes = max_head_bytes - 16 * 1024;

/// Payload of one data frame.
inline constexpr size_t max_payload_bytes = 1024 * 1024;

/// Credit that a peer may give us; what is above counts as this.
inline constexpr uint32_t max_window = 512 * 1024;

/// Interim (1xx) heads of one exchange, and their bytes together.
inline constexpr size_t max_interim_heads = 32;
inline constexpr size_t max_interim_bytes = 128 * 1024;

} // namespace aps
