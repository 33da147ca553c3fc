#include "actors/base/retry/live_endpoints.hpp"

#include <algorithm>

namespace aps {

void live_endpoints::set(const std::string& tunnel, const std::string& endpoint,
                         bool live) {
  const std::lock_guard guard{mutex_};
  auto& here = all_[tunnel];
  if (live)
    here.insert(endpoint);
  else
    here.erase(endpoint);
}

void live_endpoints::forget(const std::string& tunnel) {
  const std::lock_guard guard{mutex_};
  all_.erase(tunnel);
}

std::vector<endpoint_place>
live_endpoints::of(const std::vector<std::string>& tunnels,
                   const std::vector<std::string>& only) const {
  std::vector<endpoint_place> out;
  const std::lock_guard guard{mutex_};
  for (const auto& tunnel : tunnels) {
    const auto found = all_.find(tunnel);
    if (found == all_.end())
      continue;
    for (const auto& name : found->second)
      if (only.empty()
          || std::find(only.begin(), only.end(), name) != only.end())
        out.emplace_back(tunnel, name);
  }
  return out;
}

} // namespace aps
