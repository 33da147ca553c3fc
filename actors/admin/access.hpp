#pragma once

#include "actors/admin/request.hpp"

namespace aps::admin {

/// Who may ask.
enum class access : uint8_t { open, token };

/// What came of showing the token.
struct login {
  enum class result : uint8_t { right, missing, wrong, slowed };
  result is = result::right;
  duration wait{}; ///< until `slowed` is over
};

/// Looks at what a field `Authorization` from `address` shows, "" = it is
/// absent, where `at` has a token. Guesses are counted, and slowed. Thread:
/// any.
login try_login(const desk& at, std::string_view address,
                std::string_view field);

/// Whether `headers` show the token, if there is one to be shown. No guess.
bool shows_token(const header_list& headers, std::string_view token);

/// False: it was refused and answered.
bool may_enter(const request& request, access access);

} // namespace aps::admin
