#include "config/diff.hpp"

#include "config/show.hpp"

#include <algorithm>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_list = 60; // bytes

void compare(const json& x, const json& y, const std::string& path,
             std::vector<std::string>& out) {
  if (x == y)
    return;
  if (x.is_object() && y.is_object()) {
    const auto at = [&](const std::string& key) {
      return path.empty() ? key : path + "." + key;
    };
    for (const auto& [key, value] : x.items())
      if (y.contains(key))
        compare(value, y.at(key), at(key), out);
      else
        out.push_back(at(key));
    for (const auto& [key, value] : y.items())
      if (!x.contains(key))
        out.push_back(at(key));
  } else if (x.is_array() && y.is_array() && x.size() == y.size()
             && !x.front().is_string()) {
    for (size_t i = 0; i < x.size(); ++i)
      compare(x[i], y[i], path + "[" + std::to_string(i) + "]", out);
  } else {
    out.push_back(path);
  }
}

// What `show` masks.
void compare_secrets(const node& from, const node& to,
                     std::vector<std::string>& out) {
  for (const auto& [name, tunnel] : from.tunnels)
    if (const auto i = to.tunnels.find(name);
        i != to.tunnels.end() && i->second.password != tunnel.password)
      out.push_back("tunnels." + name + ".password");
  if (from.admin && to.admin && !from.admin->token.empty()
      && !to.admin->token.empty() && from.admin->token != to.admin->token)
    out.push_back("admin.token");
}

} // namespace

std::vector<std::string> changed_keys(const node& from, const node& to) {
  std::vector<std::string> out;
  if (from == to)
    return out;
  compare(show(from), show(to), {}, out);
  compare_secrets(from, to, out);
  std::sort(out.begin(), out.end());
  return out;
}

std::string listed(const std::vector<std::string>& keys) {
  std::string out;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0 && out.size() + keys[i].size() > longest_list)
      return out + " and " + std::to_string(keys.size() - i) + " more";
    out.append(i == 0 ? "" : ", ").append(keys[i]);
  }
  return out;
}

} // namespace aps::config
