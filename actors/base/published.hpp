#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace aps {

/// A value that somebody reads and keeps for as long. It has to have a name:
/// what is read of a temporary is gone with it, and a loop over a part of that
/// goes on behind its end.
template <class T>
class kept_value {
 public:
  explicit kept_value(std::shared_ptr<const T> value)
      : value_(std::move(value)) {}

  const T& operator*() const& noexcept { return *value_; }
  const T* operator->() const& noexcept { return value_.get(); }
  const T& operator*() const&& = delete;
  const T* operator->() const&& = delete;

  operator std::shared_ptr<const T>() const noexcept { return value_; }

 private:
  std::shared_ptr<const T> value_;
};

/// A value that one side replaces as a whole and others read: a reader keeps
/// what it got. Thread-safe.
template <class T>
class published {
 public:
  published() : value_(std::make_shared<const T>()) {}
  explicit published(T value)
      : value_(std::make_shared<const T>(std::move(value))) {}

  kept_value<T> get() const {
    std::lock_guard guard{mutex_};
    return kept_value<T>{value_};
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
