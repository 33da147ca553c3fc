#include "actors/policy/restart.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

namespace {

// After so much time without trouble the next one is a new one.
constexpr duration forgotten_after = std::chrono::seconds(40);

constexpr duration longest_dial = std::chrono::seconds(10);
constexpr duration shortest_dial = std::chrono::milliseconds(250);

} // namespace

void restart_pacer::begin(time_point now) {
  if (!std::exchange(trying_, true) && now - touched_ >= forgotten_after)
    since_ = now;
  touched_ = now;
}

void restart_pacer::on_lost(bool proven, time_point now) {
  begin(now);
  if (proven) {
    since_ = now;
    next_ = std::min(next_, now);
  } else if (now >= next_) {
    next_ = now + pause_.pause(now - since_);
  }
}

void restart_pacer::on_tried(time_point now) {
  // What is tried without need, as nothing was lost, is an outage from now on.
  if (!trying_)
    since_ = now;
  begin(now);
  next_ = now + pause_.pause(now - since_);
}

void restart_pacer::on_failed(time_point now) {
  begin(now);
  failed_ = true;
  if (now >= next_)
    next_ = now + pause_.pause(now - since_);
}

void restart_pacer::on_up() {
  trying_ = false;
  failed_ = false;
  next_ = held_ = {};
}

duration dial_patience(duration outage, duration usual, bool patient) {
  if (patient)
    return longest_dial;
  assert(outage >= duration::zero());
  return std::clamp(std::max(outage / 3, usual * 4), shortest_dial,
                    longest_dial);
}

bool restart_intensity::add(time_point now) {
  assert(events_.empty() || now >= events_.back());
  events_.push_back(now);
  while (now - events_.front() > window_)
    events_.pop_front();
  // More of them would not change the answer.
  while (events_.size() > count_ + 1)
    events_.pop_front();
  return events_.size() > count_;
}

bool restart_intensity::exceeded(time_point now) const {
  return static_cast<size_t>(std::count_if(
           events_.begin(), events_.end(),
           [&](time_point at) { return now - at <= window_; }))
         > count_;
}

} // namespace aps
