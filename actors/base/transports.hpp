#pragma once

#include "actors/snapshots.hpp"
#include "config/log_components.hpp"
#include "transports/seam/frame.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <string_view>

namespace aps {

/// What is known of a transport; one row of one table.
struct transport_row {
  transport_kind kind;
  std::string_view name;   ///< of the API, as `to_string`
  std::string_view title;  ///< in a sentence
  std::string_view prefix; ///< of the names of its connections
  std::string_view word;   ///< of an agent's -transport
  std::string_view note;   ///< what users may not know of that word; or ""
  bool watched;            ///< its failures count for the breaker
  bool steered;            ///< operators may prefer it, and see where it is off
  bool last_resort;     ///< agents that have others dial it when those are lost
  uint32_t descriptors; ///< that a connection of it takes in the node
};

/// In order of preference, which is that of the numbers, too.
inline constexpr auto transport_table = std::to_array<transport_row>({
  {.kind = transport_kind::grpc,
   .name = "grpc",
   .title = "gRPC",
   .prefix = "grpc-",
   .word = "grpc",
   .note = "",
   .watched = true,
   .steered = true,
   .last_resort = false,
   .descriptors = 1},
  {.kind = transport_kind::websocket,
   .name = "websocket",
   .title = "WebSocket",
   .prefix = "ws-",
   .word = "ws",
   .note = "",
   .watched = false,
   .steered = true,
   .last_resort = false,
   .descriptors = 1},
  {.kind = transport_kind::poll,
   .name = "poll",
   .title = "polling",
   .prefix = "poll-",
   .word = "poll",
   .note = "plain HTTP/1.1",
   .watched = false,
   .steered = false,
   .last_resort = true,
   .descriptors = 2},
});

static_assert(transport_table.size() == transport_kinds,
              "each transport has a row");
static_assert(config::pool_table.size() == transport_kinds,
              "the configuration knows the pools of each");
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
  assert(index_of(transport) < transport_kinds);
  return transport_table[index_of(transport)];
}

/// Whose lines are about its pools.
constexpr log_component log_of(transport_kind transport) {
  return pool_component(index_of(transport));
}

/// Which pools of a tunnel are switched on, each at its transport's index.
constexpr std::array<bool, transport_kinds>
enabled_pools(const config::pools& pools) {
  std::array<bool, transport_kinds> out{};
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = pools[i].enabled;
  return out;
}

/// The one with that name in the API; null = there is none.
constexpr const transport_row* transport_named(std::string_view name) {
  for (const auto& row : transport_table)
    if (row.name == name)
      return &row;
  return nullptr;
}

/// What an operator calls so; nothing = automatic, or no transport.
constexpr fallback_mode mode_named(std::string_view name) {
  const auto* row = transport_named(name);
  return row ? fallback_mode{row->kind} : std::nullopt;
}

} // namespace aps
