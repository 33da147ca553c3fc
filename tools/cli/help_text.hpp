#pragma once

#include "tools/cli/option.hpp"

#include <string>
#include <vector>

namespace aps::cli {

/// What `-h` prints: how a program is called, its arguments and its flags with
/// their defaults and variables, in 80 columns.
std::string help_text(const std::string& program, const std::string& summary,
                      const std::vector<option>& options);

} // namespace aps::cli
