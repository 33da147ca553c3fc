#pragma once

#include "transports/seam/executor.hpp"

#include <cstdint>
#include <optional>

namespace aps {

/// An exchange that an agent has: which attempt of the node it obeys, and
/// since when nobody hears it.
struct execution {
  uint32_t attempt = 0;
  bool begun = false; ///< at its origin; its unit may still make it
  std::optional<time_point> detached = {};
};

/// What an agent remembers of an exchange that it has no more, or never had.
struct tombstone {
  uint32_t attempt = 0;
  bool executed = false; ///< it ran here and was given up
  time_point until{};
};

/// For how long the head of an older attempt can still arrive.
inline constexpr auto tombstone_time = std::chrono::minutes(10);

enum class execution_verdict : uint8_t {
  start,    ///< it is new: execute it
  attach,   ///< it runs: it goes on over the link that asks
  ignore,   ///< a word of an older attempt
  given_up, ///< it ran here and will not again
  unknown,  ///< it never was here, and no older head may start it from now on
  full,     ///< there is no room for it, or to remember that it was refused
};

/// What is to be done with the head of `attempt`: `running` is what the agent
/// has of that exchange, `former` what it remembers, null = nothing; `room` =
/// one more may run. Executes at most once, whatever arrives twice or late.
/// Pure.
execution_verdict on_head(const execution* running, const tombstone* former,
                          uint32_t attempt, bool room) noexcept;

/// The same for a node that asks to go on with what it sent before; `room` =
/// one more may be remembered. Pure.
execution_verdict on_resume(const execution* running, const tombstone* former,
                            uint32_t attempt, bool room) noexcept;

/// The exchange goes on as `attempt`, over another link.
void attach(execution& running, uint32_t attempt) noexcept;

/// What is remembered after `unknown` or `given_up`.
tombstone asked_for(const tombstone* former, uint32_t attempt,
                    time_point now) noexcept;

/// Whether it came over more than one link; of others nothing remains.
inline bool has_moved(const execution& one) noexcept {
  return one.attempt > 1;
}

/// What is remembered of one that ended: what moved may have left a head of
/// its own behind, on a link that stalls. Pure.
std::optional<tombstone> remains_of(const execution& ended,
                                    time_point now) noexcept;

/// Whether nobody will come back for it, who would within `patience`. What its
/// unit still makes cannot be given up yet. Pure.
bool is_abandoned(const execution& running, duration patience,
                  time_point now) noexcept;

/// What is remembered of one that was given up. Pure.
tombstone remains_of_abandoned(const execution& given_up,
                               time_point now) noexcept;

} // namespace aps
