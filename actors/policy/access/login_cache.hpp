#pragma once

#include "actors/policy/access/marked_cache.hpp"
#include "transports/seam/frame.hpp"

namespace aps {

/// What a login service said of those whom it let in: the fields for their
/// targets, by all that was sent of a question.
using login_cache = marked_cache<header_list>;

} // namespace aps
