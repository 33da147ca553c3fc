#pragma once

#include "transports/http/parser.hpp"

#include <string>
#include <string_view>

namespace aps {

/// True when `Via` says that a message passed `pseudonym` before (RFC 9110,
/// 7.6.3).
bool passed(const header_list& headers, std::string_view pseudonym) noexcept;

/// What `Max-Forwards` means for a request (RFC 9110, 7.6.2).
enum class forwarding : uint8_t {
  onward,    ///< no limit, or one hop less now
  here,      ///< we are the final recipient
  malformed, ///< not one number
};

/// Takes one hop off the request; only TRACE and OPTIONS have such a limit.
forwarding take_hop(message_head& head);

/// The body of our answer to a TRACE (RFC 9110, 9.3.8): the request as it
/// arrived, without credentials.
std::string trace_body(const message_head& head);

} // namespace aps
