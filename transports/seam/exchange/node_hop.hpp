#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace aps {

/// A node process as one hop on the way of messages (RFC 9110, 7.6.3). One
/// object for all of a node's listeners; thread-safe.
class node_hop {
 public:
  explicit node_hop(std::string pseudonym) : pseudonym_(std::move(pseudonym)) {}

  /// What this process is called in `Via`; no other process is.
  const std::string& pseudonym() const noexcept { return pseudonym_; }

  /// A request with this id came back to us and was refused.
  void note_loop(std::string_view request_id) {
    const std::lock_guard guard{mutex_};
    loops_[next_++ % loops_.size()] = hash_of(request_id);
  }

  /// Whether a request with this id was refused so lately. What began the
  /// loop hears of it as an answer like any other, which could come from a
  /// target as well; this tells the two apart.
  bool looped(std::string_view request_id) const {
    const std::lock_guard guard{mutex_};
    const auto hash = hash_of(request_id);
    for (const auto known : loops_)
      if (known == hash)
        return true;
    return false;
  }

 private:
  // Zero is an empty place.
  static uint64_t hash_of(std::string_view text) noexcept {
    return std::hash<std::string_view>{}(text) | 1;
  }

  const std::string pseudonym_;
  mutable std::mutex mutex_;
  std::array<uint64_t, 256> loops_{}; // by mutex_
  size_t next_ = 0;                   // dito
};

} // namespace aps
