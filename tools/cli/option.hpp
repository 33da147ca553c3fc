#pragma once

#include "tools/cli/cli.hpp"
#include "tools/cli/flag_keys.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aps::cli {

/// The key of a file that a flag has.
inline std::string key_of(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// A flag or argument, and what takes its value: an error in words, or "".
struct option {
  cli::flag flag;
  std::vector<std::string> names;
  std::vector<std::string> variables = {};
  std::string shown_default;
  std::function<std::string(const std::string&)> take = {};

  /// Reads a key of a file; with `keep` only checks it.
  std::function<void(const flag_key& key, bool keep)> read = {};
  bool takes_value = true;
  bool argument = false; ///< without a dash
  bool repeats = false;
  std::vector<std::string> allowed = {};
  std::optional<std::string> given = {}; ///< the last value
  bool in_file = false;

  std::string key() const {
    return argument ? "" : flag.key.value_or(key_of(names.front()));
  }

  /// Takes a value unless it is longer than any may be.
  std::string taken(const std::string& value) const {
    return value.size() <= max_text || repeats
             ? take(value)
             : "is longer than " + std::to_string(max_text) + " bytes";
  }

  /// As README writes it.
  std::string shown() const {
    return argument ? flag.names : "-" + names.front();
  }
};

} // namespace aps::cli
