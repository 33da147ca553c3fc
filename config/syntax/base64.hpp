#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aps::config {

/// Base64 (RFC 4648, 4) without padding.
std::string to_base64(std::string_view bytes);

/// The bytes of Base64 with padding or without; nothing for other text, such
/// as one with blanks or with bits behind the last byte.
std::optional<std::string> from_base64(std::string_view text);

} // namespace aps::config
