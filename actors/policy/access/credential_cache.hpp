#pragma once

#include "actors/policy/access/credentials.hpp"
#include "actors/policy/access/marked_cache.hpp"

#include <cstddef>
#include <string>
#include <variant>

namespace aps {

/// Passwords that were right a moment ago, so that not each request costs a
/// slow hash. Thread-safe.
class credential_cache {
 public:
  static constexpr duration lifetime = std::chrono::minutes(5);

  /// How long it is kept at most, known or not.
  static constexpr duration memory = marked_cache<std::monostate>::memory;
  static constexpr size_t most = marked_cache<std::monostate>::most;

  /// How a login is known here.
  std::string mark_of(const basic_login& login) const {
    return right_.mark_of(login.text());
  }

  bool knows(const std::string& mark, time_point now) const {
    return right_.find(mark, lifetime, now).has_value();
  }

  /// It was right just now.
  void add(std::string mark, time_point now) {
    right_.add(std::move(mark), {}, now);
  }

  size_t size() const { return right_.size(); }

 private:
  marked_cache<std::monostate> right_;
};

} // namespace aps
