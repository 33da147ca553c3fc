#include "actors/policy/restart.hpp"

#include <algorithm>

namespace aps {

void restart_pacer::on_lost(bool proven, time_point now) {
  if (proven)
    pause_.reset();
  if (due(now))
    next_ = now + pause_.next();
}

void restart_pacer::on_failed(time_point now) {
  failed_ = true;
  if (due(now))
    next_ = now + pause_.next();
}

void restart_pacer::on_up() {
  failed_ = false;
  next_ = {};
}

bool restart_intensity::add(time_point now) {
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
