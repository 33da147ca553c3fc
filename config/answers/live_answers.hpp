#pragma once

#include "config/answers/compression.hpp"
#include "config/answers/page_set.hpp"
#include "config/routing/boxed.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace aps {

/// What a server says of its answers; mappings may say otherwise. Changes with
/// a reload of the configuration. Thread-safe.
class live_answers {
 public:
  struct settings {
    std::shared_ptr<const page_set> pages = {}; ///< null = none
    config::boxed<config::compression> compress = {};
  };
  using settings_ptr = std::shared_ptr<const settings>;

  void set(const config::boxed<config::error_pages>& pages,
           config::boxed<config::compression> compress) {
    settings fresh;
    if (pages)
      fresh.pages = std::make_shared<const page_set>(*pages);
    fresh.compress = std::move(compress);
    const bool some = fresh.pages || fresh.compress;
    const std::lock_guard guard{mutex_};
    now_ = std::make_shared<const settings>(std::move(fresh));
    some_ = some;
  }

  /// Null = nothing is said, which costs nothing to find out.
  settings_ptr get() const {
    if (!some_.load(std::memory_order_acquire))
      return nullptr;
    const std::lock_guard guard{mutex_};
    return now_;
  }

 private:
  mutable std::mutex mutex_;
  settings_ptr now_; // by mutex_
  std::atomic<bool> some_{false};
};

} // namespace aps
