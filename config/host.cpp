#include "config/host.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace aps::config {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  constexpr size_t longest = 63; // RFC 1035 section 2.3.4
  return !label.empty() && label.size() <= longest && label.front() != '-'
         && label.back() != '-'
         && std::all_of(label.begin(), label.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || is_digit(c) || c == '-' || c == '_';
            });
}

} // namespace

std::string lower_case(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_ipv4(std::string_view host) {
  in_addr address{};
  // An embedded zero would end the text early.
  return host.find('\0') == host.npos
         && inet_pton(AF_INET, std::string{host}.c_str(), &address) == 1;
}

bool is_ipv6(std::string_view host) {
  in6_addr address{};
  return host.find('\0') == host.npos
         && inet_pton(AF_INET6, std::string{host}.c_str(), &address) == 1;
}

std::string canonical_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.size() > 1 && host.back() == '.')
    host.remove_suffix(1);
  if (host.find(':') == host.npos)
    return lower_case(host);
  in6_addr address{};
  char text[INET6_ADDRSTRLEN] = {};
  if (inet_pton(AF_INET6, std::string{host}.c_str(), &address) != 1
      || !inet_ntop(AF_INET6, &address, text, sizeof(text)))
    return lower_case(host);
  return text;
}

bool is_dns_name(std::string_view host) {
  constexpr size_t longest = 253;
  if (!host.empty() && host.back() == '.')
    host.remove_suffix(1);
  if (host.empty() || host.size() > longest)
    return false;
  std::string_view label;
  for (auto rest = host;;) {
    const auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label))
      return false;
    if (dot == rest.npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  // A name that ends in a number is an address or nothing (WHATWG URL).
  return !std::all_of(label.begin(), label.end(), is_digit) || is_ipv4(host);
}

bool is_below(std::string_view host, std::string_view parent) noexcept {
  return host.size() > parent.size() + 1 && host.ends_with(parent)
         && host[host.size() - parent.size() - 1] == '.';
}

std::string authority(std::string_view host, std::string_view port) {
  std::string result;
  result.reserve(host.size() + port.size() + 3);
  if (host.find(':') == host.npos)
    result.append(host);
  else
    result.append("[").append(host).append("]");
  return result.append(":").append(port);
}

std::string authority(std::string_view host, uint16_t port) {
  return authority(host, std::to_string(port));
}

std::string https_origin(std::string_view host, uint16_t port) {
  auto out = "https://" + authority(host, port);
  if (port == 443)
    out.resize(out.size() - sizeof ":443" + 1);
  return out;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1"
         || (is_ipv4(host) && host.starts_with("127."));
}

namespace {

bool is_host_char(char c) noexcept {
  // reg-name without what no server of ours could mean (RFC 3986, 3.2.2).
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
         || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_'
         || c == '~' || c == '%' || c == '!' || c == '$' || c == '&'
         || c == '\'' || c == '(' || c == ')' || c == '*' || c == '+'
         || c == ';' || c == '=';
}

bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
         || (c >= 'A' && c <= 'F');
}

bool is_host(std::string_view text) noexcept {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_host_char(text[i]))
      return false;
    if (text[i] == '%'
        && (i + 2 >= text.size() || !is_hex_digit(text[i + 1])
            || !is_hex_digit(text[i + 2])))
      return false;
  }
  // A label is never empty but that of the root, at the end (RFC 1034, 3.1).
  return !text.empty() && text.front() != '.' && text.find("..") == text.npos;
}

bool read_port(std::string_view text, uint16_t& port) {
  if (text.empty())
    return true; // "host:" means the default port
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  return result.ec == std::errc{} && result.ptr == end && port > 0;
}

} // namespace

std::string_view read_authority(std::string_view text, std::string_view& host,
                                uint16_t& port) {
  const auto bracket = text.starts_with('[');
  const auto end
    = std::min(bracket ? text.find(']') : text.find(':'), text.size());
  host = text.substr(bracket, end - bracket);
  auto rest = text.substr(end);
  if (bracket && !rest.empty())
    rest.remove_prefix(1);
  const auto closed = !bracket || end < text.size();
  if (!closed || !(bracket ? is_ipv6(host) : is_host(host))
      || (!rest.empty() && rest.front() != ':'))
    return "the host is neither a name nor an IP address";
  if (!rest.empty() && !read_port(rest.substr(1), port))
    return "the port is a number from 1 to 65535";
  return {};
}

} // namespace aps::config
