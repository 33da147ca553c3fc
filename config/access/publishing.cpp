#include "config/access/publishing.hpp"

#include "config/diff.hpp"
#include "config/host.hpp"
#include "config/routing/path.hpp"

#include <algorithm>
#include <charconv>

namespace aps::config {

namespace {

constexpr size_t max_label = 63; // RFC 1035
constexpr size_t max_host = 253;
constexpr size_t max_path = 1024;

bool is_pattern(std::string_view host) {
  return host.starts_with("*.");
}

bool allows_host(const publishing& allowed, std::string_view host) {
  return std::any_of(
    allowed.hosts.begin(), allowed.hosts.end(), [&](const std::string& each) {
      return each == "*" || each == host
             || (is_pattern(each) && is_below(host, each.substr(2)));
    });
}

// "/x/*" is "/x" and all below it.
bool fits(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*"))
    return path == pattern;
  pattern.remove_suffix(2);
  return path == pattern
         || (path.starts_with(pattern) && path.size() > pattern.size()
             && path[pattern.size()] == '/');
}

bool allows_path(const publishing& allowed, std::string_view path) {
  if (allowed.paths.empty())
    return true;
  return std::any_of(allowed.paths.begin(), allowed.paths.end(),
                     [&](const std::string& each) { return fits(each, path); });
}

template <class Test>
const std::string* find_host(const publishing& allowed, Test test) {
  const auto& all = allowed.hosts;
  const auto i = std::find_if(all.begin(), all.end(), test);
  return i == all.end() ? nullptr : &*i;
}

// Where a name without dots belongs; "" = nowhere.
std::string expand(const publishing& allowed, std::string_view label) {
  const auto* pattern = find_host(allowed, is_pattern);
  if (pattern)
    return std::string{label} + pattern->substr(1);
  return allows_host(allowed, label) ? std::string{label} : std::string{};
}

std::string host_for(const publishing& allowed, std::string_view asked,
                     std::string_view endpoint) {
  const bool is_nameless = asked.empty() || asked.front() == '/';
  if (is_nameless)
    if (const auto* exact = find_host(
          allowed,
          [](const std::string& each) { return each.find('*') == each.npos; });
        exact && (!asked.empty() || !find_host(allowed, is_pattern)))
      return *exact;
  const auto host = is_nameless ? label_of(endpoint)
                                : std::string{asked.substr(0, asked.find('/'))};
  const bool whole = host.find('.') != host.npos
                     || find_host(allowed, [&](const std::string& each) {
                          return each == host;
                        });
  return whole ? host : expand(allowed, host);
}

std::string list_of(const std::vector<port_range>& ranges) {
  std::vector<std::string> out;
  for (const auto& each : ranges)
    out.push_back(each.str());
  return listed(out);
}

std::variant<public_name, std::string> resolve_port(const publishing& allowed,
                                                    std::string_view asked) {
  if (allowed.tcp_ports.empty())
    return "is a port, and none may be published here";
  uint16_t port = 0;
  const auto* end = asked.data() + asked.size();
  const auto [stop, code] = std::from_chars(asked.data() + 1, end, port);
  if (code != std::errc{} || stop != end || port == 0)
    return "is no port from 1 to 65535";
  for (const auto& each : allowed.tcp_ports)
    if (each.contains(port))
      return public_name{{}, {}, port};
  return "is not among the ports that may be published: "
         + list_of(allowed.tcp_ports);
}

} // namespace

std::string port_range::str() const {
  return std::to_string(low) + (low == high ? "" : "-" + std::to_string(high));
}

std::string public_name::str() const {
  return port != 0 ? ":" + std::to_string(port) : host + path;
}

std::variant<public_name, std::string> resolve_name(const publishing& allowed,
                                                    std::string_view asked,
                                                    std::string_view endpoint,
                                                    bool raw) {
  if (!allowed.allows_any())
    return "may not be published: nothing may with these credentials";
  const bool is_port = asked.starts_with(':');
  if (raw != is_port)
    return raw ? "is no port, which raw TCP takes (-as :2222)"
               : "is a port, which only raw TCP takes (tcp://...)";
  if (raw)
    return resolve_port(allowed, asked);
  const auto host = host_for(allowed, asked, endpoint);
  if (host.empty())
    return "has no dot, and there is no pattern to put it under; allowed: "
           + listed(allowed.hosts);
  const auto slash = asked.find('/');
  const auto path
    = slash == asked.npos ? std::string_view{} : asked.substr(slash);
  std::string error;
  const auto parsed
    = parse_url("http://" + host + std::string{path}, false, error);
  if (!parsed || parsed->port != 80 || host.size() > max_host
      || host.find(':') != host.npos)
    return "is no host, or host and path: "
           + (error.empty() ? std::string{"a port, or too long"} : error);
  public_name out{canonical_host(parsed->host),
                  parsed->path == "/" ? "" : parsed->path, 0};
  if (!has_one_reading(out.path) || risk_of(out.path) != path_risk::none
      || out.path.size() > max_path)
    return "has a path that targets read in more than one way, or a long one";
  if (!allows_host(allowed, out.host))
    return "is not among the hosts that may be published: "
           + listed(allowed.hosts);
  if (!allows_path(allowed, out.path))
    return "has a path that may not be published; allowed: "
           + listed(allowed.paths);
  return out;
}

std::string label_of(std::string_view text) {
  std::string out;
  for (const auto c : lower_case(text)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fits)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == max_label)
      break;
  }
  while (!out.empty() && out.back() == '-')
    out.pop_back();
  return out.empty() ? "app" : out;
}

bool is_host_pattern(std::string_view text) {
  if (text == "*")
    return true;
  if (is_pattern(text))
    text.remove_prefix(2);
  return text.size() <= max_host && is_dns_name(text) && !is_ipv4(text)
         && text == canonical_host(text);
}

bool is_path_pattern(std::string_view text) {
  if (text.ends_with("/*"))
    text.remove_suffix(2);
  std::string error;
  return (text.empty() || (text.front() == '/' && text.size() > 1))
         && parse_url("http://a" + std::string{text}, false, error);
}

bool parse_port_range(std::string_view text, port_range& to) {
  const auto dash = text.find('-');
  const auto take = [](std::string_view digits, uint16_t& port) {
    const auto* end = digits.data() + digits.size();
    const auto [stop, code] = std::from_chars(digits.data(), end, port);
    return code == std::errc{} && stop == end && port != 0;
  };
  if (dash == text.npos)
    return take(text, to.low) && (to.high = to.low);
  return take(text.substr(0, dash), to.low)
         && take(text.substr(dash + 1), to.high) && to.low <= to.high;
}

} // namespace aps::config
