#pragma once

#include <chrono>
#include <cstdint>

namespace aps {

/// Milliseconds since 1970, as people's clocks count; may jump. For what is
/// shown, never for a deadline. Thread: any.
inline int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

} // namespace aps
