#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aps {

inline constexpr size_t no_member = static_cast<size_t>(-1);

/// What the policies see of a pool member.
struct member_view {
  uint32_t leases = 0;
  bool draining = false; ///< gets no new exchange and closes after the last
  bool ejected = false;  ///< sick: gets no new exchange for a while
  time_point opened{};
  time_point last_used{};
  duration rtt{};        ///< smoothed; zero = not measured yet
  double penalty = 1;    ///< see health_terms
  uint64_t session = 0;  ///< equal for connections of one agent
  /// Position of this member's lifetime inside +-10 %, from -1 to 1.
  double jitter = 0;
  bool drained = false; ///< its agent is out of rotation; counts all the same

  bool usable() const noexcept { return !draining && !ejected; }

  bool has_room(uint32_t max_leases) const noexcept {
    return usable() && !drained && leases < max_leases;
  }
};

/// `member_view::session` of a session, whose bytes are random.
inline uint64_t session_key(const session_id& session) noexcept {
  uint64_t out = 0;
  std::memcpy(&out, session.data(), sizeof(out));
  return out;
}

/// Milliseconds as the choices weigh them: below one they are mere noise.
inline double weighed_latency(duration rtt) noexcept {
  const auto ms = std::chrono::duration<double, std::milli>(rtt).count();
  return std::max(ms, 1.0);
}

/// (in flight + 1) x latency x penalty: lower is better.
inline double cost_of(uint32_t load, duration rtt, double penalty) noexcept {
  return (load + 1.0) * weighed_latency(rtt) * penalty;
}

} // namespace aps
