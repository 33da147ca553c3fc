#pragma once

#include "actors/node.hpp"

#include <vector>

namespace aps::panel {

/// What this build has in its program: the API's description as
/// /.api/openapi.json, and the panel under /.admin/ when it was built.
std::vector<asset> assets();

} // namespace aps::panel
