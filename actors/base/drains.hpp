#pragma once

#include "transports/seam/frame.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace aps {

/// What an operator took out of rotation: endpoints, and sessions (agents).
/// They keep their connections and what runs there, and get nothing new. And
/// credentials of tunnels that count no more. Kept until the node ends, whoever
/// of them comes and goes. Thread-safe.
class drain_register {
 public:
  /// More are refused.
  static constexpr size_t max_entries = 10000;

  /// Names in the register.
  static std::string endpoint(std::string_view tunnel, std::string_view name);
  static std::string session(const session_id& id);
  static std::string session(std::string_view hex);
  static std::string credential(std::string_view tunnel, std::string_view name);

  /// False when there is no room for one more.
  bool add(const std::string& entry);
  void remove(const std::string& entry);
  bool contains(const std::string& entry) const;

  /// Another number after each change: who remembers what it looked up looks
  /// again.
  uint64_t version() const noexcept {
    return version_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> entries_;
  std::atomic<uint64_t> version_{0};
};

} // namespace aps
