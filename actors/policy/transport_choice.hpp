#pragma once

#include "transports/seam/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace aps {

/// What the choice of a transport knows of one transport of an endpoint.
struct transport_view {
  transport_kind transport = preferred_transport;
  bool seen = false;    ///< an agent offered it at least once
  bool carries = false; ///< a live connection can take this request
  bool healthy = false; ///< one of an agent whose target does not rest can
};

/// How an endpoint's transports are to be used now.
struct transport_terms {
  std::optional<transport_kind> by_hand = {}; ///< what an operator prefers
  bool fallback_enabled = true;
  bool use_primary = true; ///< what the breaker says
  bool mind_targets = false; ///< healthy ones first
};

/// Whether there is something to fall back to: an agent that only ever offered
/// one transport has not. `transports` in order of preference, the primary
/// first, as below. Pure.
bool is_hybrid(std::span<const transport_view> transports) noexcept;

/// Which of `transports` carries a request, or `no_transport`: what an operator
/// prefers, else the first in order of preference that can. While the breaker
/// is open the primary comes last; without fallback nothing but it counts.
/// Agents of one endpoint may use different transports. Pure.
size_t choose_transport(std::span<const transport_view> transports,
                        const transport_terms& terms) noexcept;

inline constexpr size_t no_transport = SIZE_MAX;

} // namespace aps
