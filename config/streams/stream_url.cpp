#include "config/streams/stream_url.hpp"

#include "config/host.hpp"
#include "config/routing/idn.hpp"

#include <algorithm>
#include <charconv>

namespace aps::config {

namespace {

constexpr std::string_view tcp_start = "tcp://";
constexpr std::string_view udp_start = "udp://";
constexpr std::string_view tls_start = "tls://";
constexpr std::string_view connect_start = "connect://";
constexpr std::string_view unix_start = "unix:";

// Of sockaddr_un, its end included.
constexpr size_t max_socket_path = 108;

bool begins(std::string_view text, std::string_view start) {
  return text.size() >= start.size()
         && lower_case(text.substr(0, start.size())) == start;
}

bool read_port(std::string_view text, bool any, url& out, std::string& error) {
  if (any && text == "*") {
    out.port = 0;
    return true;
  }
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, out.port);
  if (code == std::errc{} && stop == end && out.port != 0)
    return true;
  error = text.empty() ? "no port" : "a port outside 1 to 65535";
  return false;
}

/// Host and port apart, without the brackets of IPv6.
bool split(std::string_view text, std::string_view& host,
           std::string_view& port, std::string& error) {
  const auto colon = text.rfind(':');
  const auto bracket = text.find(']');
  if (text.find_first_of("/?#@") != text.npos) {
    error = "more than a host and a port";
    return false;
  }
  if (colon == text.npos || (bracket != text.npos && colon < bracket)) {
    error = "no port";
    return false;
  }
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  if (!host.starts_with('['))
    return true;
  if (bracket + 1 != colon) {
    error = "an invalid host";
    return false;
  }
  host = host.substr(1, host.size() - 2);
  return true;
}

bool is_address(std::string_view host) {
  return host == "localhost" || is_ipv4(host) || is_ipv6(host);
}

bool is_name_pattern(std::string_view host) {
  return host == "*"
         || is_dns_name(host.starts_with("*.") ? host.substr(2) : host);
}

bool is_connect_pattern(std::string_view host) {
  return is_ipv6(host) || is_name_pattern(host);
}

// Names in ASCII, as TLS has them (RFC 6066, 3), which has no addresses.
std::string tls_name(std::string_view host) {
  const bool wild = host.starts_with("*.");
  const auto name = host == "*" ? "*" : ascii_host(host.substr(wild ? 2 : 0));
  const auto all = (wild ? "*." : "") + lower_case(name);
  return is_name_pattern(all) && !is_ipv4(name) ? all : std::string{};
}

// The scheme of what begins so; empty = another one.
std::string_view scheme_of(std::string_view text) {
  for (const auto start : {tcp_start, udp_start, tls_start, connect_start})
    if (begins(text, start))
      return start.substr(0, start.find(':'));
  return {};
}

std::optional<url> parse_tls(std::string_view host, url out,
                             std::string& error) {
  out.host = tls_name(host);
  if (!out.host.empty())
    return out;
  error
    = host.empty() ? "no host" : "a host that is no name, \"*.name\" or \"*\"";
  return std::nullopt;
}

std::optional<url> parse_unix(std::string_view path, std::string& error) {
  url out;
  out.scheme = "http";
  const auto clean = std::all_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  });
  if (!path.starts_with('/') || !clean || path.size() >= max_socket_path) {
    error = "no absolute path of 1 to 107 visible bytes";
    return std::nullopt;
  }
  out.socket = path;
  return out;
}

} // namespace

bool is_stream_url(std::string_view text) {
  return !scheme_of(text).empty() || begins(text, unix_start);
}

std::optional<url> parse_stream_url(std::string_view text, bool from,
                                    std::string& error) {
  if (begins(text, unix_start)) {
    if (!from)
      return parse_unix(text.substr(unix_start.size()), error);
    error = "a socket's path";
    return std::nullopt;
  }
  url out;
  out.scheme = scheme_of(text);
  const auto connect = out.scheme == "connect";
  const auto named = out.scheme == "tls";
  if ((connect || named) && !from) {
    error = "another scheme";
    return std::nullopt;
  }
  text.remove_prefix(out.scheme.size() + std::string_view{"://"}.size());
  std::string_view host;
  std::string_view port;
  if (!split(text, host, port, error) || !read_port(port, connect, out, error))
    return std::nullopt;
  if (named)
    return parse_tls(host, std::move(out), error);
  const auto everywhere = from && !connect && (host.empty() || host == "*");
  const auto fits = everywhere ? true
                    : connect  ? is_connect_pattern(host)
                    : from     ? is_address(host)
                               : is_ipv6(host) || is_dns_name(host);
  if (!fits) {
    error = host.empty() ? "no host"
            : from && !connect
              ? "a host that is no IP address and not \"localhost\""
              : "an invalid host";
    return std::nullopt;
  }
  if (!everywhere)
    out.host = is_ipv6(host) ? canonical_host(host) : lower_case(host);
  return out;
}

std::string_view stream_method(std::string_view scheme) noexcept {
  return scheme == "connect" ? "CONNECT"
         : scheme == "tls"   ? "TLS"
         : scheme == "udp"   ? "UDP"
                             : "TCP";
}

bool takes_connect(const url& from, std::string_view host, uint16_t port) {
  if (from.scheme != "connect" || (from.port != 0 && from.port != port))
    return false;
  const auto name = canonical_host(host);
  if (from.host == "*")
    return true;
  if (from.host.starts_with("*."))
    return is_below(name, std::string_view{from.host}.substr(2));
  return name == canonical_host(from.host);
}

} // namespace aps::config
