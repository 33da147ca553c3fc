#pragma once

#include "transports/seam/limits/hold.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aps {

/// Counts the exceptions that handlers on I/O threads let out, and tells them
/// to whoever asked. Thread: any.
class exception_watch : public std::enable_shared_from_this<exception_watch> {
 public:
  using listener = std::function<void(const std::string& text)>;

  /// `to` is called for each exception, on the thread where it was caught,
  /// until the result is gone.
  hold add(listener to);

  /// One more, described by `text`.
  void tell(const std::string& text) noexcept;

  uint64_t count() const noexcept { return count_; }

 private:
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  std::vector<std::shared_ptr<listener>> listeners_; // by mutex_
};

/// What the exception that is being handled says of itself.
std::string text_of_exception() noexcept;

} // namespace aps
