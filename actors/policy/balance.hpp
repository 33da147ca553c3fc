#pragma once

#include "actors/policy/member.hpp"
#include "config/config.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace aps {

/// One of those a request may go to: an endpoint, or an agent of one.
struct choice_view {
  uint64_t key = 0; ///< stays the same for the same endpoint or agent
  uint32_t load = 0;
  duration latency{};
  double penalty = 1;
  bool usable = true;
  bool rests = false; ///< only for want of others
};

/// Where a request goes, or `no_member` when nobody is usable. `turn` counts
/// choices, `random` is a random number, `visitor` the hash that `sticky`
/// keeps to. Equal choices take turns. Pure.
size_t choose_one(config::balance balance, std::span<const choice_view> choices,
                  uint64_t turn, uint64_t random, uint64_t visitor);

/// What the choice of a member knows of a request.
struct request_view {
  config::balance balance = config::balance::least_loaded;
  uint64_t visitor = 0;
};

/// The member for the next exchange, or `no_member` when none has room.
/// With several agents (or another policy than `least_loaded`) the agent is
/// chosen first. Pure.
size_t choose_member(std::span<const member_view> members, uint32_t max_leases,
                     request_view request, uint64_t turn, uint64_t random);

/// The cheapest member of a session that has room, the busier one of those that
/// have little to do: up to 16 exchanges (or a quarter of `max_leases`) count
/// as one. When none has room and `beyond_cap`, the cheapest that still takes
/// exchanges. Pure.
size_t choose_in_session(std::span<const member_view> members,
                         uint32_t max_leases, uint64_t session,
                         bool beyond_cap);

/// A number that looks random and is the same for the same input.
uint64_t mix(uint64_t value) noexcept;
uint64_t hash_of(std::string_view text) noexcept;

} // namespace aps
