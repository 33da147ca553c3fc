#include "actors/policy/access/credentials.hpp"

#include "config/access/access.hpp"
#include "config/syntax/base64.hpp"

#include <algorithm>
#include <utility>

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
  auto decoded = config::from_base64(text);
  if (!decoded)
    return foreign_credentials{};
  auto login = basic_login::parse(std::move(*decoded));
  if (!login)
    return foreign_credentials{};
  return std::move(*login);
}

} // namespace

std::optional<basic_login> basic_login::parse(std::string text) {
  const auto colon = text.find(':');
  if (colon == text.npos || config::has_control_characters(text))
    return std::nullopt;
  basic_login out;
  out.text_ = std::move(text);
  out.colon_ = colon;
  return out;
}

basic_login::basic_login(std::string_view user, std::string_view password)
    : text_(user), colon_(user.size()) {
  text_.append(1, ':').append(password);
}

credential_field credential_field_of(const header_list& headers, bool proxied) {
  const std::string_view name
    = proxied ? "proxy-authorization" : "authorization";
  credential_field out;
  for (const auto& field : headers) {
    if (field.name.size() != name.size() || !iequals(field.name, name))
      continue;
    if (out.only)
      return {.doubled = true};
    out.only = &field;
  }
  return out;
}

credentials credentials_of(const header_list& headers, bool proxied) {
  const auto [found, doubled] = credential_field_of(headers, proxied);
  if (doubled)
    return foreign_credentials{};
  if (!found)
    return {};
  if (const auto basic = after_scheme(found->value, "basic"); !basic.empty())
    return read_basic(basic);
  if (const auto token = after_scheme(found->value, "bearer"); !token.empty())
    return bearer_token{token};
  return foreign_credentials{};
}

} // namespace aps
