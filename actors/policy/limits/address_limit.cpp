#include "actors/policy/limits/address_limit.hpp"

namespace aps {

bool address_limit::admit(std::string_view address, time_point now) {
  auto i = seen_.find(address);
  if (i == seen_.end() && seen_.size() >= most_)
    i = seen_.try_emplace("", entry{now, 0}).first;
  if (i == seen_.end()) {
    seen_.try_emplace(std::string(address), entry{now, 0});
    return true;
  }
  ++i->second.left_out;
  return false;
}

std::vector<address_limit::summary> address_limit::expire(time_point now) {
  std::vector<summary> out;
  for (auto i = seen_.begin(); i != seen_.end();) {
    if (now - i->second.since < window_) {
      ++i;
      continue;
    }
    if (i->second.left_out > 0)
      out.push_back({i->first, i->second.left_out});
    i = seen_.erase(i);
  }
  return out;
}

} // namespace aps
