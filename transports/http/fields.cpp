#include "transports/http/fields.hpp"

#include "transports/http/identity.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace aps {

namespace {

template <size_t N>
bool any_of(const std::array<std::string_view, N>& names,
            std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](auto x) { return iequals(x, name); });
}

constexpr std::array<std::string_view, 6> connection_fields{
  "connection", "keep-alive", "transfer-encoding", "content-length", "upgrade",
  "te"};

constexpr std::array<std::string_view, 34> forbidden_trailers{
  // framing and connection
  "transfer-encoding", "content-length", "connection", "keep-alive", "te",
  "trailer", "upgrade",
  // routing
  "host", "forwarded", "via", "max-forwards",
  // authentication and cookies
  "authorization", "www-authenticate", "authentication-info", "cookie",
  "set-cookie",
  // request modifiers
  "cache-control", "expect", "pragma", "range", "if-match", "if-none-match",
  "if-modified-since", "if-unmodified-since", "if-range",
  // response control
  "age", "date", "expires", "location", "retry-after", "vary", "warning",
  // how to read the content
  "content-encoding", "content-range"};

// What no sane Connection field names; dropping it would change the request.
constexpr std::array<std::string_view, 1> never_dropped{"host"};

bool starts_with_ignoring_case(std::string_view text,
                               std::string_view prefix) noexcept {
  return text.size() >= prefix.size()
         && iequals(text.substr(0, prefix.size()), prefix);
}

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c)
    table[size_t(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c)
    table[size_t(c)] = table[size_t(c - 'a' + 'A')] = true;
  for (char c : std::string_view{"!#$%&'*+-.^_`|~"})
    table[size_t(c)] = true;
  return table;
}
constexpr auto token_table = make_token_table();

} // namespace

bool is_hop_by_hop(std::string_view name) noexcept {
  switch (name.size()) {
    case 2:
    case 7:
    case 10:
    case 14:
    case 17:
      if (any_of(connection_fields, name))
        return true;
      break;
    default:
      break;
  }
  return name.size() > 6 && (name[0] | 0x20) == 'p'
         && starts_with_ignoring_case(name, "proxy-");
}

bool allowed_in_trailers(std::string_view name) noexcept {
  return !any_of(forbidden_trailers, name)
         && !starts_with_ignoring_case(name, "proxy-")
         && !is_identity_field(name) && !is_own_field(name)
         && !iequals(name, "content-type");
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_table[static_cast<unsigned char>(c)];
  });
}

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool is_field_value(std::string_view text) noexcept {
  return is_plain_text(text)
         || std::none_of(text.begin(), text.end(), is_control);
}

void append_field(std::string& to, std::string_view name,
                  std::string_view value) {
  if (!is_token(name) || !is_field_value(value))
    return;
  to.append(name).append(": ").append(value).append("\r\n");
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool lists(const header_list& headers, std::string_view name,
           std::string_view element) noexcept {
  bool found = false;
  for (const auto& field : headers)
    if (iequals(field.name, name))
      for_each_element(field.value,
                       [&](auto x) { found = found || iequals(x, element); });
  return found;
}

void remove_hop_by_hop(header_list& headers) {
  std::vector<std::string> named;
  for (const auto& field : headers)
    if (iequals(field.name, "connection"))
      for_each_element(field.value, [&](std::string_view element) {
        if (!is_hop_by_hop(element) && !any_of(never_dropped, element)
            && !iequals(element, "close"))
          named.emplace_back(element);
      });
  std::erase_if(headers, [&](const header& field) {
    return is_hop_by_hop(field.name)
           || std::any_of(named.begin(), named.end(), [&](const auto& x) {
                return iequals(x, field.name);
              });
  });
}

bool is_visible(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

void remove_forbidden_trailers(header_list& trailers) {
  std::erase_if(trailers, [](const header& field) {
    return !allowed_in_trailers(field.name);
  });
}

} // namespace aps
