#pragma once

#include "transports/seam/frame.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace aps {

/// HTTP Basic (RFC 7617). The password may have colons and be empty.
struct basic_login {
  std::string user;
  std::string password;
};

/// HTTP Bearer (RFC 6750).
struct bearer_token {
  std::string_view token; ///< of the field
};

/// A field that is there, and none that we understand.
struct foreign_credentials {};

/// Nothing, or what a field for credentials says.
using credentials = std::variant<std::monostate, foreign_credentials,
                                 basic_login, bearer_token>;

/// What stands in `Authorization`, or in `Proxy-Authorization` of a request
/// that was asked of a proxy. Said twice it is foreign. Views are of
/// `headers`.
credentials credentials_of(const header_list& headers, bool proxied);

} // namespace aps
