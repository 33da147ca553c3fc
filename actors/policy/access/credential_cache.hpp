#pragma once

#include "transports/seam/executor.hpp"

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aps {

/// Passwords that were right a moment ago, so that not each request costs a
/// slow hash. Neither a password nor anything that outlives the process is in
/// it: names and passwords are known by an HMAC under a key of its own.
/// Bounded; the oldest go first. Thread-safe.
class credential_cache {
 public:
  static constexpr size_t most = 4096;
  static constexpr duration lifetime = std::chrono::minutes(5);

  /// How long it is remembered that it was right once.
  static constexpr duration memory = std::chrono::hours(1);

  /// `key`: random bytes.
  explicit credential_cache(std::string key) : key_(std::move(key)) {}

  /// How the two are known here.
  std::string mark_of(std::string_view user, std::string_view password) const;

  bool knows(const std::string& mark, time_point now) const;

  /// Whether it was right lately: who has it guesses at nothing.
  bool remembers(const std::string& mark, time_point now) const;

  /// It was right just now.
  void add(std::string mark, time_point now);

  size_t size() const;

 private:
  struct entry {
    std::string mark;
    time_point since{};
  };

  const std::string key_;
  mutable std::mutex mutex_;
  std::list<entry> by_age_; // by mutex_; the oldest first
  std::unordered_map<std::string_view, std::list<entry>::iterator> all_; // dito
};

} // namespace aps
