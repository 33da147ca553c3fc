#pragma once

#include "transports/seam/frame.hpp"

#include <string>
#include <string_view>

namespace aps {

/// Fields that concern one connection only (RFC 9110, 7.6.1), the framing
/// fields, and every `Proxy-*` field. They are never passed on.
bool is_hop_by_hop(std::string_view name) noexcept;

/// False for fields that must not stand in trailers: framing, routing,
/// authentication, request modifiers, response control (RFC 9110, 6.5.1).
bool allowed_in_trailers(std::string_view name) noexcept;

/// A token of RFC 9110, 5.6.2.
bool is_token(std::string_view text) noexcept;

/// Text without blanks and controls that may stand in a request line.
bool is_visible(std::string_view text) noexcept;

/// A control that no line may hold; a tab is none.
bool is_control(char c) noexcept;

/// Text that may stand in a field value: no control characters but tab.
bool is_field_value(std::string_view text) noexcept;

/// Appends `name: value\r\n`, or nothing where one of both could break the
/// message apart.
void append_field(std::string& to, std::string_view name,
                  std::string_view value);

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text) noexcept;

/// Calls `visit(element)` for each non-empty element of a comma-separated
/// list, without blanks around it.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (const auto element = trimmed(list.substr(0, comma)); !element.empty())
      visit(element);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
}

/// True when a field of that name lists `element` (case-insensitive).
bool lists(const header_list& headers, std::string_view name,
           std::string_view element) noexcept;

/// Removes hop-by-hop fields and those that `Connection` names.
void remove_hop_by_hop(header_list& headers);

/// Removes what may not stand in trailers.
void remove_forbidden_trailers(header_list& trailers);

} // namespace aps
