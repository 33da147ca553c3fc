#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aps {

/// What a login service said of those whom it let in a moment ago. Questions
/// are known by their mark alone, which nobody can tell them by. Bounded; the
/// oldest go first. Thread-safe.
class login_cache {
 public:
  static constexpr size_t most = 4096;

  /// `key`: random bytes.
  explicit login_cache(std::string key) : key_(std::move(key)) {}

  /// How a question is known here: all that is sent of it.
  std::string mark_of(std::string_view question) const;

  /// Its answer's fields, if that is younger than `lifetime`.
  std::optional<header_list> find(const std::string& mark, duration lifetime,
                                  time_point now) const;

  void add(std::string mark, header_list fields, time_point now);

  size_t size() const;

 private:
  struct entry {
    std::string mark;
    header_list fields;
    time_point since{};
  };

  const std::string key_;
  mutable std::mutex mutex_;
  std::list<entry> by_age_; // by mutex_; the oldest first
  std::unordered_map<std::string_view, std::list<entry>::iterator> all_; // dito
};

} // namespace aps
