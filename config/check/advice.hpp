#pragma once

#include "config/config.hpp"

#include <filesystem>
#include <string_view>

namespace aps::config {

/// What is allowed in a configuration, but is hardly meant.
struct warning {
  std::string path;       ///< as a problem's
  std::string text;       ///< what follows from it, and what to do
  std::string other = {}; ///< path of what it is about besides; often empty
};

/// `load`; a configuration that is right adds a line to `warnings` for each
/// thing that is hardly meant.
result load(const std::filesystem::path& file,
            std::vector<std::string>& warnings);

/// Pure. A password is never shown.
std::vector<warning> advise(const node& all,
                            const std::vector<std::string>& certified = {});

/// Whether a secret stands in one of the example configurations.
bool is_of_examples(std::string_view secret);

} // namespace aps::config
