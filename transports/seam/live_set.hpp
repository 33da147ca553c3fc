#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace aps {

/// Remembers, without owning them, the things that must be closed when their
/// listener or network goes away. Thread: any.
class live_set {
 public:
  /// `close` is called at most once, on the thread that calls `close_all`;
  /// at once when that was called before.
  template <class T>
  void add(const std::shared_ptr<T>& object, void (*close)(T&)) {
    std::weak_ptr<T> weak = object;
    insert(weak, [weak, close] {
      if (auto alive = weak.lock())
        close(*alive);
    });
  }

  void close_all() {
    std::vector<entry> entries;
    {
      std::lock_guard guard{mutex_};
      closed_ = true;
      entries.swap(entries_);
    }
    for (const auto& item : entries)
      item.close();
  }

 private:
  struct entry {
    std::weak_ptr<const void> owner;
    std::function<void()> close;
  };

  void insert(std::weak_ptr<const void> object, std::function<void()> close) {
    {
      std::lock_guard guard{mutex_};
      if (!closed_) {
        sweep();
        entries_.push_back({std::move(object), std::move(close)});
        return;
      }
    }
    close();
  }

  void sweep() {
    if (entries_.size() < next_sweep_)
      return;
    std::erase_if(entries_,
                  [](const auto& item) { return item.owner.expired(); });
    next_sweep_ = std::max<size_t>(64, entries_.size() * 2);
  }

  std::mutex mutex_;
  bool closed_ = false;
  std::vector<entry> entries_;
  size_t next_sweep_ = 64;
};

} // namespace aps
