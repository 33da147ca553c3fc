#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace aps::test {

/// The seeds of a simulation: `count` of them from 1 on; APS_SEED=n runs just
/// that one (replay), APS_SEEDS=f multiplies the count (the long run).
inline std::vector<uint32_t> seeds(uint32_t count) {
  if (const auto* one = std::getenv("APS_SEED"))
    return {static_cast<uint32_t>(std::stoul(one))};
  if (const auto* factor = std::getenv("APS_SEEDS"))
    count *= static_cast<uint32_t>(std::stoul(factor));
  std::vector<uint32_t> out(count);
  for (uint32_t i = 0; i < count; ++i)
    out[i] = i + 1;
  return out;
}

} // namespace aps::test
