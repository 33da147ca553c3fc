#include "actors/policy/absences.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

bool absences::note(const session_id& session, bool farewell, time_point now) {
  assert(all_.empty() || all_.back().since <= now);
  const auto* known = of(session);
  farewell = farewell || (known && known->farewell);
  end(session);
  all_.push_back({session, now, farewell});
  return farewell;
}

void absences::end(const session_id& session) {
  std::erase_if(all_,
                [&](const auto& each) { return each.session == session; });
}

const absence* absences::of(const session_id& session) const {
  const auto found
    = std::find_if(all_.begin(), all_.end(),
                   [&](const auto& each) { return each.session == session; });
  return found == all_.end() ? nullptr : &*found;
}

bool absences::any_awaited() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const auto& each) { return !each.farewell; });
}

std::optional<time_point> absences::last_awaited() const {
  std::optional<time_point> out;
  for (const auto& each : all_)
    if (!each.farewell && (!out || each.since > *out))
      out = each.since;
  return out;
}

std::optional<time_point> absences::oldest() const {
  return all_.empty() ? std::nullopt : std::optional{all_.front().since};
}

void absences::forget(time_point now, duration memory) {
  std::erase_if(all_,
                [&](const auto& each) { return now - each.since >= memory; });
}

} // namespace aps
