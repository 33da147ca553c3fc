#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace aps {

/// The time as a `Date` field has it (RFC 9110, 5.6.7):
/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string render_date(std::time_t at);

/// The present one; made once a second on each thread. Valid until the next
/// call on the thread.
std::string_view http_date();

} // namespace aps
