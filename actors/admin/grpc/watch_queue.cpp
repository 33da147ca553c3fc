#include "actors/admin/grpc/watch_queue.hpp"

#include "actors/admin/grpc/event_message.hpp"

#include <cassert>
#include <utility>

namespace aps::admin {

void watch_queue::add(std::string message) {
  const auto cost = message.size() + cost_of_message;
  if (bytes_ + cost > room) {
    auto& here = missed_here();
    ++here.missed;
    ++here.events;
    return;
  }
  bytes_ += cost;
  places_.push_back({std::move(message), 0, 1});
}

void watch_queue::add_missed(uint64_t count) {
  if (count > 0)
    missed_here().missed += count;
}

watch_queue::item watch_queue::take() {
  assert(!places_.empty());
  auto next = std::move(places_.front());
  places_.pop_front();
  bytes_ -= next.message.size() + cost_of_message;
  if (next.missed > 0)
    next.message = missed_message(next.missed);
  return {std::move(next.message), next.events};
}

// There is always room for it: two of them never follow each other.
watch_queue::place& watch_queue::missed_here() {
  if (places_.empty() || places_.back().missed == 0) {
    places_.push_back({});
    bytes_ += cost_of_message;
  }
  return places_.back();
}

} // namespace aps::admin
