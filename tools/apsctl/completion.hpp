#pragma once

#include <string>
#include <vector>

namespace aps::ctl {

/// What may stand for the last of `words` (those behind `apsctl`, the last one
/// perhaps begun or empty): commands, flags and their values, names that the
/// node of these words has now. Empty when nobody knows, or nobody answers.
std::vector<std::string> completions(const std::vector<std::string>& words);

/// A script that has a shell ask `apsctl complete`. `shell` is one of
/// `completion_shells`.
std::string completion_script(const std::string& shell);

const std::vector<std::string>& completion_shells();

} // namespace aps::ctl
