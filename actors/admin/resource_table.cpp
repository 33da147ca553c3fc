#include "actors/admin/resource_table.hpp"

namespace aps::admin {

bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string>& names) {
  names.clear();
  if (pattern.ends_with("/**")) {
    const auto base = pattern.substr(0, pattern.size() - 2);
    if (!path.starts_with(base))
      return false;
    names.push_back(decoded(path.substr(base.size())));
    return true;
  }
  while (!pattern.empty() && !path.empty()) {
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto want = pattern.substr(0, pattern.find('/'));
    const auto have = path.substr(0, path.find('/'));
    if (want == "*" && !have.empty())
      names.push_back(decoded(have));
    else if (want != have)
      return false;
    pattern.remove_prefix(want.size());
    path.remove_prefix(have.size());
  }
  return pattern.empty() && path.empty();
}

std::optional<std::string> unknown_word(std::string_view value, bool list,
                                        const std::vector<std::string>& known) {
  for (auto rest = value;;) {
    const auto word = list ? rest.substr(0, rest.find(',')) : rest;
    const auto open = list && (word.empty() || word == "all");
    if (!open && std::find(known.begin(), known.end(), word) == known.end())
      return std::string(word);
    if (word.size() == rest.size())
      return std::nullopt;
    rest.remove_prefix(word.size() + 1);
  }
}

} // namespace aps::admin
