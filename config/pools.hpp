#pragma once

#include "config/access/access.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// What the configuration knows of each transport: its pools.
namespace aps::config {

/// Size, lifetime and health policy of the pools of one transport (the key of
/// its row in `pool_table`).
struct pool {
  bool enabled = true;
  uint32_t pool_size = 3;
  uint32_t max_pool_size = 10;
  seconds idle_timeout{300};
  seconds max_lifetime{1800};
  uint32_t max_requests_per_connection = 64;
  uint32_t max_waiting = 1024;
  seconds acquire_timeout{5};
  seconds ping_interval{1};
  seconds stall_timeout{1}; ///< silence with frames outstanding before a ping
  seconds ping_timeout{1};  ///< no pong by then: the connection is dead
  uint32_t target_utilization = 70;     ///< percent of all places in use
  uint32_t utilization_hysteresis = 30; ///< percent points below: too large
  seconds growth_cooldown{0.1};         ///< between two questions for more
  seconds lifetime_grace{30};         ///< then what still runs moves elsewhere
  uint32_t ejection_failures = 3;     ///< recent failures that eject
  seconds ejection_time{10};          ///< the first one; doubles each time
  uint32_t max_ejection_percent = 50; ///< of the connections of a pool
  uint32_t restart_intensity = 10;    ///< losses within `restart_window`...
  seconds restart_window{10};         ///< ...above which the endpoint degrades
  bool operator==(const pool&) const = default;
};

/// The pools of one transport; one row of one table.
struct pool_row {
  const char* key;           ///< in a tunnel
  const char* log;           ///< who lines of the log about them are from
  pool settings;             ///< unless the file says otherwise
  bool has_fallback = false; ///< `fields::fallback_switch` stands there, too
};

/// In order of preference: each at the index of its transport, with whose row
/// (actors/base/transports.hpp) it is held against.
inline constexpr auto pool_table = std::to_array<pool_row>({
  {"grpc_pool",
   "grpc-pool",
   {.pool_size = 1, .max_pool_size = 4, .max_requests_per_connection = 256}},
  {"websocket_pool", "ws-pool", {}, true},
  {"poll_pool", "poll-pool", {.pool_size = 1, .max_pool_size = 4}},
});

/// A tunnel's, at the same indices.
using pools = std::array<pool, pool_table.size()>;

constexpr pools default_pools() noexcept {
  pools out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = pool_table[i].settings;
  return out;
}

/// Which of them stand under that key. Precondition: some do.
constexpr size_t pool_index(std::string_view key) noexcept {
  size_t i = 0;
  while (i < pool_table.size() && pool_table[i].key != key)
    ++i;
  assert(i < pool_table.size());
  return i;
}

/// The indices as problems and documents name them: those first that have the
/// breaker's keys, too.
inline constexpr auto pools_as_told = [] {
  std::array<size_t, pool_table.size()> out{};
  auto next = out.begin();
  for (const auto with_fallback : {true, false})
    for (size_t i = 0; i < pool_table.size(); ++i)
      if (pool_table[i].has_fallback == with_fallback)
        *next++ = i;
  return out;
}();

} // namespace aps::config
