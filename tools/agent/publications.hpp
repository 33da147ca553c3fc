#pragma once

#include "actors/agent.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `-publish` and its kin say.
namespace aps {

/// The URL that is meant: "3000" is http://localhost:3000, "host:80" is
/// http://host:80. Nothing on failure; `error` says why, in words that go
/// behind the flag.
std::optional<std::string> parse_published_target(std::string_view text,
                                                  std::string& error);

/// Why no node would take the name; "" = one may.
std::string why_no_public_name(const std::string& text);

/// The targets in order, with the names beside them ("" = none was given).
/// Where one name alone is left to the node it stays empty; of several, the
/// later ones are "ENDPOINT-PORT". Throws std::runtime_error when two have one
/// name.
std::vector<agent_publication>
publications_of(const std::vector<std::string>& targets,
                const std::vector<std::string>& names,
                std::string_view endpoint);

/// Adds what a JSON file lists under `publish`: targets, or objects with
/// `publish` and `as`.
/// Throws std::runtime_error that names file and place.
void read_publications(const std::string& file,
                       std::vector<std::string>& targets,
                       std::vector<std::string>& names);

/// The patterns of `-allow-target` that let these targets in and no others.
std::vector<std::string>
targets_of(const std::vector<agent_publication>& publications);

} // namespace aps
