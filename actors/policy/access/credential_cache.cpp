#include "actors/policy/access/credential_cache.hpp"

namespace aps {

// A name has no zero byte, so no two pairs run together alike.
std::string credential_cache::mark_of(std::string_view user,
                                      std::string_view password) const {
  std::string text;
  text.reserve(user.size() + 1 + password.size());
  text.append(user).append(1, '\0').append(password);
  return right_.mark_of(text);
}

} // namespace aps
