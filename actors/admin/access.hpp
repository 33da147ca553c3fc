#pragma once

#include "actors/admin/request.hpp"

namespace aps::admin {

/// Who may ask.
enum class access : uint8_t { open, token };

/// Whether `headers` show the token, if there is one to be shown. No guess.
bool shows_token(const header_list& headers, std::string_view token);

/// False: it was refused and answered.
bool may_enter(const request& request, access access);

} // namespace aps::admin
