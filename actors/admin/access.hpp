#pragma once

#include "actors/admin/request.hpp"

namespace aps::admin {

/// Who may ask.
enum class access : uint8_t { open, token };

/// False: it was refused and answered.
bool may_enter(const request& request, access access);

} // namespace aps::admin
