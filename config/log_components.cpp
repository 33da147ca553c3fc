#include "config/log_components.hpp"

#include <algorithm>
#include <cctype>

namespace aps {

std::string_view tag_of(log_component component) {
  static const auto tags = [] {
    std::array<std::string, log_component_table.size()> result;
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = "[" + std::string(log_component_table[i].name) + "]";
      for (auto& letter : result[i])
        letter = static_cast<char>(
          std::toupper(static_cast<unsigned char>(letter)));
    }
    return result;
  }();
  return tags[static_cast<size_t>(component)];
}

const std::vector<std::string>& log_component_names() {
  static const auto names = [] {
    std::vector<std::string> result;
    const auto add = [&](const std::string& name) {
      if (!name.empty()
          && std::find(result.begin(), result.end(), name) == result.end())
        result.push_back(name);
    };
    for (const auto& row : log_component_table)
      add(row.group);
    for (const auto& row : log_component_table)
      if (row.in_node)
        add(row.name);
    return result;
  }();
  return names;
}

std::vector<log_component> log_components_of(std::string_view name) {
  std::vector<log_component> result;
  for (const auto& row : log_component_table)
    if (row.in_node && !name.empty() && (row.name == name || row.group == name))
      result.push_back(row.component);
  return result;
}

} // namespace aps
