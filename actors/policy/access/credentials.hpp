#pragma once

#include "transports/seam/frame.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace aps {

/// HTTP Basic (RFC 7617). The password may have colons and be empty, the name
/// has none.
class basic_login {
 public:
  basic_login() = default;

  /// As the field has it, decoded; nothing without a colon, or with a
  /// control character.
  static std::optional<basic_login> parse(std::string text);

  basic_login(std::string_view user, std::string_view password);

  std::string_view user() const noexcept {
    return std::string_view{text_}.substr(0, colon_);
  }
  std::string_view password() const noexcept {
    return std::string_view{text_}.substr(colon_ + 1);
  }

  /// Both, with a colon between them: no two logins have the same.
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_ = ":";
  size_t colon_ = 0;
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

/// The field that credentials are looked for in: `Authorization`, or
/// `Proxy-Authorization` of a request that was asked of a proxy.
struct credential_field {
  const header* only = nullptr; ///< null = there is none, or more than one
  bool doubled = false;
};
credential_field credential_field_of(const header_list& headers, bool proxied);

/// What stands in `Authorization`, or in `Proxy-Authorization` of a request
/// that was asked of a proxy. Said twice it is foreign. Views are of
/// `headers`.
credentials credentials_of(const header_list& headers, bool proxied);

} // namespace aps
