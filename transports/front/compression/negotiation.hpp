#pragma once

#include "config/answers/compression.hpp"
#include "transports/seam/frame.hpp"

#include <optional>

namespace aps {

/// The first of the settings' codings that the visitor likes best, by its
/// Accept-Encoding (RFC 9110, 12.5.3); nothing = the body shall stay as it is.
std::optional<config::content_coding>
choose_coding(const header_list& request, const config::compression& settings);

/// Whether an answer would be smaller, and may be: it has a body of a type and
/// size that are listed, nothing else was done to it, nobody forbids it, and it
/// is no part of something. A visitor's wish does not count.
bool is_compressible(const response_head& answer,
                     const config::compression& settings);

/// The head of a compressible answer as it is said to all visitors: `Vary`
/// tells caches what it depends on.
void add_vary(response_head& answer);

/// Its head once the body is encoded: no length, a weak `ETag` (RFC 9110,
/// 8.8.1), no parts.
void encode_head(response_head& answer, config::content_coding coding);

} // namespace aps
