#include "actors/admin/grpc/watch/watch_queue.hpp"

#include "actors/admin/grpc/event_message.hpp"

#include <algorithm>
#include <cassert>

namespace aps::admin {

namespace {

constexpr size_t block_size = 8192; // bytes

} // namespace

void watch_queue::add(const std::string& message) {
  const auto cost = message.size() + cost_of_message;
  if (bytes_ + cost > room) {
    auto& here = missed_here();
    ++here.missed;
    ++here.events;
    return;
  }
  bytes_ += cost;
  keep(message);
  places_.push_back({message.size(), 0, 1});
}

void watch_queue::add_missed(uint64_t count) {
  if (count > 0)
    missed_here().missed += count;
}

watch_queue::item watch_queue::take() {
  assert(!places_.empty());
  const auto next = places_.front();
  places_.pop_front();
  bytes_ -= next.size + cost_of_message;
  return {next.missed > 0 ? missed_message(next.missed) : take_kept(next.size),
          next.events};
}

void watch_queue::keep(const std::string& message) {
  if (blocks_.empty() || blocks_.back().size() + message.size() > block_size)
    blocks_.emplace_back().reserve(std::max(block_size, message.size()));
  blocks_.back() += message;
}

// The last block stays for what comes next.
std::string watch_queue::take_kept(size_t size) {
  auto& block = blocks_.front();
  auto out = block.substr(taken_, size);
  taken_ += size;
  if (taken_ < block.size())
    return out;
  taken_ = 0;
  if (blocks_.size() > 1)
    blocks_.pop_front();
  else
    block.clear();
  return out;
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
