#include "transports/origin/origin_fields.hpp"

#include "transports/http/fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace aps {

namespace {

constexpr std::array<std::string_view, 5> event_types{
  "text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson",
  "application/stream+json", "application/json-seq"};

// May name the format of its messages behind it: "application/grpc+proto".
bool is_grpc(std::string_view type) noexcept {
  return iequals(type.substr(0, type.find('+')), "application/grpc");
}

constexpr std::array<std::string_view, 3> connection_schemes{
  "ntlm", "negotiate", "kerberos"};

bool is_authentication_field(std::string_view name) noexcept {
  switch (name.size()) {
    case 13: return iequals(name, "authorization");
    case 16: return iequals(name, "www-authenticate");
    case 18: return iequals(name, "proxy-authenticate");
    case 19: return iequals(name, "proxy-authorization");
    default: return false;
  }
}

bool names_connection_scheme(std::string_view value) noexcept {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const auto element = trimmed(value.substr(0, comma));
    const auto scheme = element.substr(0, element.find_first_of(" \t"));
    for (const auto known : connection_schemes)
      if (iequals(scheme, known))
        return true;
    value.remove_prefix(comma == value.npos ? value.size() : comma + 1);
  }
  return false;
}

} // namespace

bool is_event_stream(const header_list& headers) noexcept {
  const auto* field = find_header(headers, "content-type");
  if (field == nullptr)
    return false;
  const std::string_view value = field->value;
  const auto type = trimmed(value.substr(0, value.find(';')));
  return is_grpc(type)
         || std::any_of(event_types.begin(), event_types.end(),
                        [&](auto known) { return iequals(known, type); });
}

bool authenticates_connection(const header_list& headers) noexcept {
  return std::any_of(headers.begin(), headers.end(), [](const auto& field) {
    return is_authentication_field(field.name)
           && names_connection_scheme(field.value);
  });
}

} // namespace aps
