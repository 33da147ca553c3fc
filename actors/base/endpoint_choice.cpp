#include "actors/base/endpoint_choice.hpp"

#include "actors/base/endpoint_figures.hpp"

#include <algorithm>

namespace aps {

namespace {

bool is_short(const pool_figures& pool) noexcept {
  return pool.exists && (pool.weak || pool.waiting > 0);
}

bool is_wish(const std::optional<std::string>& wish, const std::string& name) {
  return !wish || *wish == name;
}

} // namespace

concern concern_of(uint32_t live, bool drained, bool unhealthy,
                   const endpoint_figures& figures) noexcept {
  if (live == 0)
    return concern::down;
  const auto state = figures.state.load();
  if (drained || unhealthy || state == breaker_state::fallback)
    return concern::impaired;
  if (state == breaker_state::probing)
    return concern::recovering;
  const auto& pools = figures.pools;
  return std::any_of(pools.begin(), pools.end(), is_short) ? concern::pool
                                                           : concern::none;
}

bool endpoint_choice::admits(const std::string& tunnel_name,
                             const std::string& endpoint_name) const {
  return is_wish(tunnel, tunnel_name) && is_wish(endpoint, endpoint_name)
         && (names.empty() || names.finds(tunnel_name + "\n" + endpoint_name));
}

std::vector<size_t> shares_of_worst(std::span<const concern_counts> lists,
                                    size_t each, size_t limit) {
  std::vector<size_t> out(lists.size());
  for (size_t rank = 0; rank < concerns; ++rank)
    for (size_t i = 0; i < lists.size(); ++i) {
      const auto more
        = std::min({size_t{lists[i][rank]}, each - out[i], limit});
      out[i] += more;
      limit -= more;
    }
  return out;
}

} // namespace aps
