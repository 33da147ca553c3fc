#pragma once

// Include after tests/support/test.hpp.

#include "config/syntax/expand.hpp"
#include "config/syntax/reader.hpp"

#include <map>

namespace aps::config {

using texts = std::map<std::string, std::string>;

/// An environment and files that are only here. A pattern's `*` is its end.
struct pretended final : source {
  texts variables;
  texts files;

  std::optional<std::string> variable(const std::string& name) const override {
    const auto i = variables.find(name);
    return i == variables.end() ? std::nullopt : std::optional{i->second};
  }

  content read(const std::filesystem::path& file, size_t) const override {
    const auto i = files.find(file.string());
    return i == files.end() ? content{{}, "not there"} : content{i->second, {}};
  }

  std::vector<std::filesystem::path>
  matching(const std::filesystem::path& pattern) const override {
    const auto text = pattern.string();
    std::vector<std::filesystem::path> out;
    for (const auto& [name, content] : files)
      if (name.starts_with(text.substr(0, text.find('*'))))
        out.emplace_back(name);
    return out;
  }
};

inline std::string lines_of(const result& loaded) {
  std::string out;
  if (const auto* wrong = std::get_if<problems>(&loaded))
    for (const auto& one : *wrong)
      out += one.str() + "\n";
  return out;
}

inline std::string with_password(const std::string& password) {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"password": ")" + password
         + R"("}}})";
}

inline std::string password_of(const result& loaded) {
  const auto* all = std::get_if<node>(&loaded);
  return all ? all->tunnels.at("t").password : lines_of(loaded);
}

} // namespace aps::config
