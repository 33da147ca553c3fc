#pragma once

#include "transports/seam/limits/limit.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace aps {

/// What a connection, or a polling link, is at the moment.
enum class standing : uint8_t {
  silent,   ///< said nothing complete yet
  securing, ///< shakes hands for TLS
  asked,    ///< asked operators' things without their token
  proving,  ///< dials as an agent and has not shown that it is one
  linking,  ///< the same over a polling link, which is no connection
  idle,     ///< a visitor's, between two requests
  busy,     ///< a visitor's or operator's, with a request
  agent,    ///< an agent's
};

/// Who is counted together.
enum class crowd : uint8_t {
  strangers, ///< connections that proved nothing
  links,     ///< polling links that proved nothing
  visitors,  ///< asked for something, operators with their token
  agents,    ///< their tunnel counts them (actors/path/tunnel.cpp)
};

/// How strangers and links of one address give way to each other: nobody is
/// pushed out by its own address before it was here for so long, and by
/// others only if its address has more than theirs, or after that time, too.
struct standing_row {
  standing kind;
  aps::crowd crowd;
  std::chrono::nanoseconds spared;
};

inline constexpr std::array<standing_row, 8> standing_table{{
  // It may have asked already, only nobody looked yet.
  {standing::silent, crowd::strangers, std::chrono::milliseconds(250)},
  {standing::securing, crowd::strangers, std::chrono::seconds(3)},
  {standing::asked, crowd::strangers, std::chrono::nanoseconds(0)},
  // A handshake over a slow way.
  {standing::proving, crowd::strangers, std::chrono::seconds(3)},
  {standing::linking, crowd::links, std::chrono::seconds(3)},
  {standing::idle, crowd::visitors, std::chrono::nanoseconds(0)},
  {standing::busy, crowd::visitors, std::chrono::nanoseconds::max()},
  {standing::agent, crowd::agents, std::chrono::nanoseconds::max()},
}};

inline constexpr size_t crowds = 4;

/// Percent of the descriptors beside the reserve that one door gives away.
inline constexpr size_t address_percent = 25;  ///< to one address
inline constexpr size_t stranger_percent = 25; ///< to all strangers

constexpr const standing_row& row_of(standing kind) noexcept {
  return standing_table[static_cast<size_t>(kind)];
}

static_assert(
  [] {
    for (size_t i = 0; i < standing_table.size(); ++i)
      if (static_cast<size_t>(standing_table[i].kind) != i)
        return false;
    return true;
  }(),
  "standing_table has a row per standing, in their order");

} // namespace aps
