#pragma once

#include <string_view>

namespace aps::config {

/// Whether `text` may name a header field here: 1 to 64 letters, digits and
/// "-", not "-" first, so that no target takes it for another one.
bool is_field_name(std::string_view text);

/// What `is_field_name` asks for, in words.
inline constexpr auto field_name_rule
  = "a header field's name of letters, digits and \"-\"";

/// Whether a field says how a message is read, or who passed it on: such a one
/// is written by us alone. In any case of letters.
bool is_taken_field(std::string_view name);

} // namespace aps::config
