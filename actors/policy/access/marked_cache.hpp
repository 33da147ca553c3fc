#pragma once

#include "transports/seam/auth.hpp"
#include "transports/seam/executor.hpp"

#include <cstddef>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace aps {

/// What was found out a moment ago about texts that nobody may read out of it:
/// they are known by a mark under a key of its own, which outlives no process.
/// Bounded; the oldest go first. Thread-safe.
template <class Value>
class marked_cache {
 public:
  static constexpr size_t most = 4096;

  /// How long anything is kept at most.
  static constexpr duration memory = std::chrono::hours(1);

  /// How a text is known here.
  std::string mark_of(std::string_view text) const {
    return keyed_mark(key_, text);
  }

  /// What was found out about it, if that is younger than `lifetime`.
  std::optional<Value> find(const std::string& mark, duration lifetime,
                            time_point now) const {
    const std::lock_guard guard{mutex_};
    const auto found = all_.find(mark);
    if (found == all_.end() || now - found->second->since >= lifetime)
      return std::nullopt;
    return found->second->value;
  }

  /// It was found out just now.
  void add(std::string mark, Value value, time_point now) {
    const std::lock_guard guard{mutex_};
    if (const auto known = all_.find(mark); known != all_.end()) {
      const auto old = known->second;
      all_.erase(known);
      by_age_.erase(old);
    }
    while (!by_age_.empty()
           && (by_age_.size() >= most
               || now - by_age_.front().since >= memory)) {
      all_.erase(by_age_.front().mark);
      by_age_.pop_front();
    }
    by_age_.push_back({std::move(mark), std::move(value), now});
    all_.emplace(by_age_.back().mark, std::prev(by_age_.end()));
  }

  size_t size() const {
    const std::lock_guard guard{mutex_};
    return by_age_.size();
  }

 private:
  struct entry {
    std::string mark;
    Value value;
    time_point since{};
  };
  using entries = std::list<entry>;

  const std::string key_ = random_bytes(mark_key_bytes);
  mutable std::mutex mutex_;
  entries by_age_; // by mutex_; the oldest first
  std::unordered_map<std::string_view, typename entries::iterator> all_; // dito
};

} // namespace aps
