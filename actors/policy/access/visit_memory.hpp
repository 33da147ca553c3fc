#pragma once

#include "actors/policy/limits/login_limit.hpp"
#include "transports/seam/limits/token_bucket.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aps {

/// Who was in lately, from which address and with which password, as far as a
/// mark of it tells. While guesses are paused, it gets in again; but who shares
/// its address could then find out the password by trying, so that a few wrong
/// ones beside it end that, and one comes back with time. A wrong one that is
/// only said again tells nobody anything, and does not count. Bounded; who was
/// not here for longest goes first. Pure.
class visit_memory {
 public:
  static constexpr size_t most = 4096;
  static constexpr duration memory = std::chrono::hours(1);

  /// Wrong ones at once, and one more in `refill`.
  static constexpr uint32_t burst = login_limit::burst;
  static constexpr duration refill = login_limit::refill;

  /// It was in.
  void add(std::string_view address, std::string_view user, std::string mark,
           time_point now);

  /// Whether it gets in although guesses are paused; if not, it was a guess.
  bool passes(std::string_view address, std::string_view user,
              std::string_view mark, time_point now);

  size_t size() const noexcept { return by_age_.size(); }

 private:
  struct visit {
    std::string key; ///< user and address
    std::string mark;
    time_point since{};
    token_bucket guesses = {};
    std::array<std::string, 4> latest_guesses = {}; ///< their marks
    size_t next_guess = 0;
  };
  using visits = std::list<visit>;

  static std::string key_of(std::string_view address, std::string_view user);
  static void note_guess(visit& of, std::string_view mark, time_point now);

  visits by_age_; ///< the oldest first
  std::unordered_map<std::string_view, visits::iterator> all_; ///< by key
};

} // namespace aps
