#pragma once

#include <cstdint>

/// The types of HTTP/2's frames that we look at (RFC 9113, 6).
namespace aps::h2_frame_type {

inline constexpr uint8_t data = 0;
inline constexpr uint8_t headers = 1;
inline constexpr uint8_t priority = 2;
inline constexpr uint8_t settings = 4;
inline constexpr uint8_t ping = 6;
inline constexpr uint8_t window_update = 8;
inline constexpr uint8_t continuation = 9;

} // namespace aps::h2_frame_type
