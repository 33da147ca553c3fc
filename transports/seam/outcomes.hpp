#pragma once

#include "transports/seam/outcome.hpp"

#include <vector>

namespace aps {

/// Every outcome once, in the order of their classes.
std::vector<outcome> all_outcomes();

} // namespace aps
