#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace aps {

/// A value that one side replaces as a whole and others read: a reader keeps
/// what it got. Thread-safe.
template <class T>
class published {
 public:
  published() : value_(std::make_shared<const T>()) {}
  explicit published(T value)
      : value_(std::make_shared<const T>(std::move(value))) {}

  std::shared_ptr<const T> get() const {
    std::lock_guard guard{mutex_};
    return value_;
  }

  void set(T value) {
    auto fresh = std::make_shared<const T>(std::move(value));
    std::lock_guard guard{mutex_};
    value_.swap(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

} // namespace aps
