#pragma once

#include "actors/policy/access/visit_memory.hpp"
#include "actors/policy/limits/login_limit.hpp"

#include <string>
#include <string_view>

namespace aps {

/// Who guesses at passwords waits: its address, and whoever tries the same
/// name; but not who was in lately with what it shows. Bounded, as names are
/// counted by buckets, whether somebody has that name or not. Pure.
class guess_pauses {
 public:
  /// `key`: random, so that nobody can choose whose bucket a name shares.
  explicit guess_pauses(std::string key) : key_(std::move(key)) {}

  /// How long guesses of an address at a name wait; zero = they do not.
  /// `user` empty: of an address alone, for what has no name.
  duration pause(const std::string& address, std::string_view user,
                 time_point now) const;

  /// The same for one password, by a mark of it. Zero for who was in with it;
  /// else it was a guess beside that one's (visit_memory.hpp).
  duration pause_of_login(const std::string& address, std::string_view user,
                          std::string_view mark, time_point now);

  void on_wrong(const std::string& address, std::string_view user,
                time_point now);

  /// Its password was looked at and is right.
  void on_right(const std::string& address) { by_address_.on_success(address); }

  /// It is in.
  void remember(std::string_view address, std::string_view user,
                std::string mark, time_point now) {
    visits_.add(address, user, std::move(mark), now);
  }

 private:
  std::string bucket_of(std::string_view user) const;

  const std::string key_;
  /// Outlives the rules, since all that it gives is that a password is looked
  /// at: one that is right elsewhere is a guess as any other.
  visit_memory visits_;
  login_limit by_address_;
  login_limit by_user_;
};

} // namespace aps
