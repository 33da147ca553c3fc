#pragma once

#include "transports/http/parser.hpp"

#include <string_view>

/// What it was that could not be read as a request. Pure.
namespace aps {

/// A well-known protocol other than HTTP; both are empty for what is none.
struct foreign_protocol {
  std::string_view name = {};     ///< stands where a method would, "TLS"
  std::string_view sentence = {}; ///< for whoever spoke it
};

/// The protocol that the first bytes of a connection belong to. May be asked
/// again with more bytes.
foreign_protocol foreign_protocol_of(std::string_view first_bytes) noexcept;

/// Fills method, target and Host from the beginning of a request head that was
/// given up before it was parsed, as far as they can be told; for records.
void guess_head(std::string_view text, message_head& to);

} // namespace aps
