#include "config/access/field_names.hpp"

#include "config/host.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace aps::config {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
         || (c >= 'A' && c <= 'Z');
}

} // namespace

bool is_field_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-'
         && std::all_of(text.begin(), text.end(), [](char c) {
              return c == '-' || is_letter_or_digit(c);
            });
}

bool is_taken_field(std::string_view name) {
  static const std::set<std::string> taken{"authorization",
                                           "connection",
                                           "content-length",
                                           "cookie",
                                           "expect",
                                           "host",
                                           "keep-alive",
                                           "proxy-connection",
                                           "te",
                                           "trailer",
                                           "upgrade",
                                           "via",
                                           "x-request-id",
                                           "transfer-encoding",
                                           "forwarded",
                                           "content-type",
                                           "proxy",
                                           "proxy-authorization"};
  const auto text = lower_case(name);
  return taken.contains(text) || text.starts_with("x-forwarded-")
         || text.starts_with("aps-") || text.starts_with("sec-websocket-");
}

} // namespace aps::config
