#include "actors/path/rehearsal.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

std::optional<time_point> rehearsal::hold(link_frames& batch, time_point now) {
  assert(held_.empty() || held_.front().first > now);
  auto due = std::max(now + delay_, stalled_until_);
  if (held_.empty() && due <= now)
    return std::nullopt;
  if (!held_.empty())
    due = std::max(due, held_.back().first);
  held_.emplace_back(due, std::move(batch));
  return due;
}

std::optional<link_frames> rehearsal::take_due(time_point now) {
  if (held_.empty() || held_.front().first > now)
    return std::nullopt;
  auto batch = std::move(held_.front().second);
  held_.pop_front();
  return batch;
}

} // namespace aps
