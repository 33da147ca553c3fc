#include "actors/policy/access/credentials.hpp"

#include "config/syntax/base64.hpp"

#include <algorithm>

namespace aps {

namespace {

// What follows the scheme, "" when it is another one.
std::string_view after_scheme(std::string_view field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' '
      || !iequals(field.substr(0, scheme.size()), scheme))
    return {};
  field.remove_prefix(
    std::min(field.find_first_not_of(' ', scheme.size()), field.size()));
  return field;
}

credentials read_basic(std::string_view text) {
  const auto decoded = config::from_base64(text);
  if (!decoded)
    return foreign_credentials{};
  const auto colon = decoded->find(':');
  if (colon == decoded->npos)
    return foreign_credentials{};
  return basic_login{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

} // namespace

credentials credentials_of(const header_list& headers, bool proxied) {
  const std::string_view name
    = proxied ? "proxy-authorization" : "authorization";
  const header* found = nullptr;
  for (const auto& field : headers) {
    if (!iequals(field.name, name))
      continue;
    if (found)
      return foreign_credentials{};
    found = &field;
  }
  if (!found)
    return {};
  if (const auto basic = after_scheme(found->value, "basic"); !basic.empty())
    return read_basic(basic);
  if (const auto token = after_scheme(found->value, "bearer"); !token.empty())
    return bearer_token{token};
  return foreign_credentials{};
}

} // namespace aps
