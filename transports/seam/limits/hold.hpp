#pragma once

#include <memory>

namespace aps {

/// What somebody has of something that others want, too: a place, a share, a
/// use. It comes back with the last copy, on whatever path that goes and on
/// any thread. Null = nothing is held. Whoever gives it says what it is of.
using hold = std::shared_ptr<void>;

} // namespace aps
