#pragma once

#include <memory>
#include <utility>

namespace aps::config {

/// A value that most do not have: it costs a pointer, absent or not. Nobody
/// changes one, so copies share it; equal are those whose values are.
template <class T>
class boxed {
 public:
  boxed() = default;
  boxed(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  explicit operator bool() const noexcept { return value_ != nullptr; }
  const T* get() const noexcept { return value_.get(); }
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }

  friend bool operator==(const boxed& x, const boxed& y) {
    return x.value_ == y.value_ || (x && y && *x == *y);
  }

 private:
  std::shared_ptr<const T> value_;
};

} // namespace aps::config
