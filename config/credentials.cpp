// Who may dial in as an agent of a tunnel, beside those that have its password.
#include "config/config.hpp"

namespace aps::config {

namespace {

/// Whether `name` is what `pattern` says, whose stars stand for any text.
bool matches(std::string_view pattern, std::string_view name) {
  size_t at = 0, star = pattern.npos, resume = 0;
  for (size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at;
      ++i;
    } else if (star != pattern.npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

} // namespace

bool credential::is_for(std::string_view endpoint) const {
  for (const auto& pattern : endpoints)
    if (matches(pattern, endpoint))
      return true;
  return endpoints.empty();
}

} // namespace aps::config
