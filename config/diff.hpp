#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace aps::config {

/// The keys in which two configurations differ, as problems name them but
/// without "$." ("servers.main.port", "mappings[2].to"), in the file's order
/// of names. What is only on one side is one key, however much is below it.
std::vector<std::string> changed_keys(const node& from, const node& to);

/// What becomes of changed mappings.
enum class mapping_change : uint8_t {
  whole, ///< they are those of the fresh configuration, all of them
  /// They stay what they are, but for what those have that are in both with
  /// nothing else changed, wherever they stand: access and checks.
  rules,
};

/// `running` with all of `fresh` that is live: the rest takes a restart. Of
/// tunnels and servers that is what those that are in both have. All others
/// stay as they are.
node in_effect(const node& running, const node& fresh,
               mapping_change mappings = mapping_change::whole);

/// Why the mappings of `fresh` cannot replace those that run: they name a
/// tunnel that is not there until a restart. "" = they can.
std::string why_mappings_stay(const node& running, const node& fresh);

/// "a, b and 3 more": as many keys as fit into a part of a line.
std::string listed(const std::vector<std::string>& keys);

} // namespace aps::config
