#pragma once

#include "actors/snapshots.hpp"
#include "config/log_components.hpp"
#include "transports/seam/frame.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace aps {

/// What is known of a transport; one row of one table.
struct transport_row {
  transport_kind kind;
  std::string_view name;   ///< of the API, as `to_string`
  std::string_view title;  ///< in a sentence
  std::string_view prefix; ///< of the names of its connections
  log_component pool;      ///< whose lines are about its pools
  bool watched;            ///< its failures count for the breaker
  uint32_t descriptors;    ///< that a connection of it takes in the node
};

/// In order of preference, which is that of the numbers, too.
inline constexpr auto transport_table = std::to_array<transport_row>({
  {transport_kind::grpc, "grpc", "gRPC", "grpc-", log_component::grpc_pool,
   true, 1},
  {transport_kind::websocket, "websocket", "WebSocket", "ws-",
   log_component::ws_pool, false, 1},
  {transport_kind::poll, "poll", "polling", "poll-", log_component::poll_pool,
   false, 2},
});

static_assert(transport_table.size() == transport_kinds,
              "each transport has a row");
static_assert(
  [] {
    for (size_t i = 0; i < transport_kinds; ++i)
      if (index_of(transport_table[i].kind) != i
          || transport_table[i].name != to_string(transport_table[i].kind))
        return false;
    return true;
  }(),
  "rows stand at the index of their transport, with its name");
static_assert(transport_table.front().watched && !transport_table[1].watched,
              "the breaker watches the transport that is preferred");

constexpr const transport_row& row_of(transport_kind transport) {
  return transport_table[index_of(transport)];
}

/// What is to be preferred by hand; nothing = what the breaker says.
constexpr std::optional<transport_kind> transport_of(fallback_mode mode) {
  switch (mode) {
    case fallback_mode::automatic: break;
    case fallback_mode::grpc: return transport_kind::grpc;
    case fallback_mode::websocket: return transport_kind::websocket;
  }
  return std::nullopt;
}

/// The one with that name in the API; null = there is none.
constexpr const transport_row* transport_named(std::string_view name) {
  for (const auto& row : transport_table)
    if (row.name == name)
      return &row;
  return nullptr;
}

} // namespace aps
