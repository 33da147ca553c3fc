#include "transports/http/misread.hpp"

#include "transports/http/fields.hpp"

#include <algorithm>
#include <array>

namespace aps {

namespace {

using namespace std::string_view_literals;

struct foreign_row {
  std::string_view begin;
  foreign_protocol protocol;
};

constexpr std::array foreign_table{
  foreign_row{"\x16\x03"sv,
              {"TLS", "TLS spoken to a plain HTTP port: use http:// here."}},
  foreign_row{"SSH-"sv, {"SSH", "SSH spoken to a plain HTTP port."}},
  foreign_row{
    "PROXY "sv,
    {"PROXY", "PROXY protocol spoken here: use X-Forwarded-For instead."}},
  foreign_row{"\r\n\r\n\0\r\nQUIT\n"sv,
              {"PROXY", "PROXY protocol (v2) spoken here: use X-Forwarded-For "
                        "instead."}},
  foreign_row{
    "\x05\x01\0"sv,
    {"SOCKS", "SOCKS 5 spoken to a plain HTTP port: this is no SOCKS proxy."}},
  foreign_row{
    "\x04\x01"sv,
    {"SOCKS", "SOCKS 4 spoken to a plain HTTP port: this is no SOCKS proxy."}},
  foreign_row{"\x03\0\0"sv, {"RDP", "RDP spoken to a plain HTTP port."}},
};

// Beyond, nobody looks for the Host of a head that was given up.
constexpr size_t looked_through = 16 * 1024;
constexpr size_t longest_method = 32;

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

bool is_method(std::string_view word) noexcept {
  return !word.empty() && word.size() <= longest_method
         && std::all_of(word.begin(), word.end(), [](char c) {
              return (c >= 'A' && c <= 'Z') || c == '-';
            });
}

} // namespace

foreign_protocol foreign_protocol_of(std::string_view first_bytes) noexcept {
  for (const auto& row : foreign_table)
    if (first_bytes.starts_with(row.begin))
      return row.protocol;
  return {};
}

void guess_head(std::string_view text, message_head& to) {
  text = text.substr(0, looked_through);
  const auto first = take_line(text);
  const auto blank = first.find(' ');
  if (blank == first.npos || !is_method(first.substr(0, blank)))
    return;
  to.method = first.substr(0, blank);
  const auto target = first.substr(blank + 1);
  to.target = target.substr(0, target.find(' '));
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = line.find(':');
    if (colon != line.npos && iequals(line.substr(0, colon), "host")) {
      to.headers.push_back({"Host", std::string{trimmed(line.substr(colon + 1))}});
      return;
    }
  }
}

} // namespace aps
