#include "actors/policy/repeat.hpp"

namespace aps {

bool repeat_limit::admit(const std::string& key, time_point now) {
  const auto known = seen_.size() < max_keys || seen_.count(key) > 0;
  auto& here = seen_[known ? key : other_lines];
  if (here.count == 0)
    here.since = now;
  return ++here.count <= per_window_;
}

std::vector<repeat_limit::summary> repeat_limit::expire(time_point now) {
  std::vector<summary> out;
  for (auto i = seen_.begin(); i != seen_.end();) {
    if (now - i->second.since < window_) {
      ++i;
      continue;
    }
    if (i->second.count > per_window_)
      out.push_back({i->first, i->second.count - per_window_});
    i = seen_.erase(i);
  }
  return out;
}

} // namespace aps
