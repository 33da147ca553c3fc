#include "config/config.hpp"
#include "config/host.hpp"
#include "config/routing/idn.hpp"
#include "config/streams/stream_url.hpp"

#include <algorithm>
#include <charconv>

namespace aps::config {

namespace {

uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : scheme == "http" ? 80 : 0;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
         || (c >= 'A' && c <= 'F');
}

/// pchar and "/" of RFC 3986 section 3.3, without "*" and "%".
bool is_path_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9')
         || std::string_view{"-._~!$&'()+,;=:@/"}.find(c)
              != std::string_view::npos;
}

bool take_scheme(std::string_view& rest, bool prefix, url& out,
                 std::string& error) {
  const auto mark = rest.find("://");
  out.scheme = lower_case(rest.substr(0, mark));
  if (mark == rest.npos) {
    error = "no scheme";
    return false;
  }
  rest.remove_prefix(mark + 3);
  if (out.scheme == "http" || out.scheme == "https")
    return true;
  if (out.scheme == "h2c" && !prefix) {
    out.scheme = "http";
    return out.h2c = true;
  }
  error = "another scheme";
  return false;
}

bool take_port(std::string_view text, url& out, std::string& error) {
  out.port = default_port(out.scheme);
  if (text.empty())
    return true;
  text.remove_prefix(1);
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, out.port);
  if (code == std::errc{} && stop == end && out.port != 0)
    return true;
  error = "a port outside 1 to 65535";
  return false;
}

/// A name, an IPv4 address, or with `prefix` "*" and "*.name".
bool take_name(std::string_view host, bool prefix, url& out) {
  const bool wildcard = prefix && host.starts_with("*.");
  const auto name = ascii_host(wildcard ? host.substr(2) : host);
  if (prefix && host == "*") {
    out.host = host;
    return true;
  }
  if (!is_dns_name(name) || (wildcard && is_ipv4(name)))
    return false;
  out.host = (wildcard ? "*." : "") + lower_case(name);
  return true;
}

/// host[:port] with IPv6 in brackets; the brackets are dropped.
bool take_authority(std::string_view text, bool prefix, url& out,
                    std::string& error) {
  if (text.find('@') != text.npos) {
    error = "a user or password";
    return false;
  }
  const bool bracket = !text.empty() && text.front() == '[';
  auto end = bracket ? text.find(']') : text.find(':');
  auto host = text.substr(0, end);
  if (bracket) {
    host = end == text.npos ? std::string_view{} : host.substr(1);
    end = end == text.npos ? end : end + 1;
  }
  if (bracket ? !is_ipv6(host) : !take_name(host, prefix, out)) {
    error = host.empty() && !bracket ? "no host" : "an invalid host";
    return false;
  }
  if (bracket)
    out.host = canonical_host(host);
  const auto port = end < text.size() ? text.substr(end) : std::string_view{};
  if (!port.empty() && port.front() != ':') {
    error = "an invalid host";
    return false;
  }
  return take_port(port, out, error);
}

bool take_path(std::string_view text, url& out, std::string& error) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (c == '%' && i + 2 < text.size() && is_hex(text[i + 1])
        && is_hex(text[i + 2]))
      continue;
    if (is_path_char(c))
      continue;
    error = c == '*'   ? "a \"*\" that does not end a \"from\""
            : c == '?' ? "a query"
            : c == '#' ? "a fragment"
                       : "a character that must be percent-encoded";
    return false;
  }
  out.path = text;
  return true;
}

} // namespace

std::string url::authority() const {
  if (!socket.empty())
    return "unix:" + socket;
  if (host.empty() && port == 0)
    return "*"; // whom visitors name
  const bool bracket = host.find(':') != host.npos;
  std::string result;
  if (bracket)
    result += '[';
  result += host;
  if (bracket)
    result += ']';
  if (port != default_port(scheme) || scheme == "connect") {
    result += ':';
    result += port == 0 ? "*" : std::to_string(port);
  }
  return result;
}

std::string url::origin() const {
  if (!socket.empty())
    return authority();
  if (scheme.empty()) // of a mapping that has no target
    return {};
  return (h2c ? "h2c" : scheme) + "://" + authority();
}

std::string url::str() const {
  return origin() + path;
}

std::optional<url> parse_url(std::string_view text, bool prefix,
                             std::string& error) {
  if (is_stream_url(text))
    return parse_stream_url(text, prefix, error);
  url result;
  // Behind a path, where it means no more; elsewhere it is a host.
  if (prefix && text.ends_with('*') && !text.ends_with("://*"))
    text.remove_suffix(1);
  if (!take_scheme(text, prefix, result, error))
    return std::nullopt;
  const auto end = std::min(text.find_first_of("/?#"), text.size());
  if (!take_authority(text.substr(0, end), prefix, result, error)
      || !take_path(text.substr(end), result, error))
    return std::nullopt;
  return result;
}

} // namespace aps::config
