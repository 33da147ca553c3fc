#pragma once

#include "transports/seam/executor.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace aps {

/// What is due when; each key has one time at most. Finding the next costs the
/// logarithm of their number. Pure.
template <class Key>
class timetable {
 public:
  /// Replaces the time that `key` had.
  void set(const Key& key, time_point due) {
    erase(key);
    times_.emplace(key, due);
    order_.emplace(due, key);
  }

  void erase(const Key& key) {
    const auto found = times_.find(key);
    if (found == times_.end())
      return;
    order_.erase({found->second, key});
    times_.erase(found);
  }

  /// When the first is due; nullopt = there is none.
  std::optional<time_point> due() const {
    if (order_.empty())
      return std::nullopt;
    return order_.begin()->first;
  }

  /// Removes the first if it is due.
  std::optional<Key> take(time_point now) {
    if (order_.empty() || order_.begin()->first > now)
      return std::nullopt;
    const auto key = order_.begin()->second;
    erase(key);
    return key;
  }

  size_t size() const noexcept { return times_.size(); }

 private:
  std::map<Key, time_point> times_;
  std::set<std::pair<time_point, Key>> order_;
};

} // namespace aps
