#include "transports/http/hops.hpp"

#include "transports/http/fields.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace aps {

namespace {

constexpr std::string_view max_forwards = "max-forwards";

// The second word of "1.1 name (comment)".
std::string_view received_by(std::string_view element) noexcept {
  const auto blank = element.find_first_of(" \t");
  if (blank == element.npos)
    return {};
  element = trimmed(element.substr(blank));
  return element.substr(0, element.find_first_of(" \t("));
}

} // namespace

bool passed(const header_list& headers, std::string_view pseudonym) noexcept {
  bool found = false;
  for (const auto& field : headers)
    if (iequals(field.name, "via"))
      for_each_element(field.value, [&](std::string_view element) {
        found = found || iequals(received_by(element), pseudonym);
      });
  return found;
}

forwarding take_hop(message_head& head) {
  if (head.method != "TRACE" && head.method != "OPTIONS")
    return forwarding::onward;
  header* limit = nullptr;
  for (auto& field : head.headers) {
    if (!iequals(field.name, max_forwards))
      continue;
    if (limit)
      return forwarding::malformed;
    limit = &field;
  }
  if (!limit)
    return forwarding::onward;
  const auto& text = limit->value;
  const bool digits = !text.empty()
                      && std::all_of(text.begin(), text.end(), [](char c) {
                           return c >= '0' && c <= '9';
                         });
  if (!digits)
    return forwarding::malformed;
  uint32_t left = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(),
                                    left);
  // More than we can count is as much as we can count.
  if (read.ec != std::errc{})
    left = std::numeric_limits<uint32_t>::max();
  if (left == 0)
    return forwarding::here;
  limit->value = std::to_string(left - 1);
  return forwarding::onward;
}

std::string trace_body(const message_head& head) {
  std::string out = head.method;
  out.append(" ").append(head.target);
  out.append(head.version >= 20   ? " HTTP/2.0\r\n"
             : head.version >= 11 ? " HTTP/1.1\r\n"
                                  : " HTTP/1.0\r\n");
  for (const auto& [name, value] : head.headers)
    if (!iequals(name, "authorization") && !iequals(name, "cookie")
        && !iequals(name, "proxy-authorization"))
      append_field(out, name, value);
  return out += "\r\n";
}

} // namespace aps
