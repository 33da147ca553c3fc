#pragma once

#include "transports/http/parser.hpp"

#include <string_view>

/// What it was that could not be read as a request. Pure.
namespace aps {

/// A sentence about the protocol that the first bytes of a connection belong
/// to, when that is a well-known one other than HTTP; else empty. May be asked
/// again with more bytes.
std::string_view foreign_protocol(std::string_view first_bytes) noexcept;

/// Fills method, target and Host from the beginning of a request head that was
/// given up before it was parsed, as far as they can be told; for records.
void guess_head(std::string_view text, message_head& to);

} // namespace aps
