#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Under which names agents may publish what they reach (key `publish` of
/// tunnels and of their credentials). Pure.
namespace aps::config {

/// Ports from `low` to `high`, ends included.
struct port_range {
  uint16_t low = 0;
  uint16_t high = 0;
  bool operator==(const port_range&) const = default;

  /// As in the file: "20000-20100", "2222".
  std::string str() const;

  bool contains(uint16_t port) const noexcept {
    return port >= low && port <= high;
  }
};

/// Of one tunnel's password or one credential. With neither hosts nor ports
/// nobody publishes anything.
struct publishing {
  std::vector<std::string> hosts
    = {}; ///< canonical, or "*.example.com", or "*"
  std::vector<std::string> paths = {}; ///< "/x", "/x/*"; empty = whole hosts
  std::vector<port_range> tcp_ports = {};
  uint32_t max_names = 100; ///< of each agent
  bool operator==(const publishing&) const = default;

  bool allows_any() const noexcept {
    return !hosts.empty() || !tcp_ports.empty();
  }
};

/// Where visitors find what is published.
struct public_name {
  std::string host;  ///< canonical; empty for `port`
  std::string path;  ///< "" = the whole host
  uint16_t port = 0; ///< of raw TCP; 0 = HTTP
  bool operator==(const public_name&) const = default;

  /// "app1.example.com/x", or ":2222".
  std::string str() const;
};

/// What an agent asks for, "" (named after its endpoint), a label ("app1"), a
/// host, host and path, a path, or a port (":2222"), as a name that `allowed`
/// has; or why it has none, in words that go behind the name. A label is put
/// under the first pattern of hosts, a path under the first host that is none.
/// `raw` = the target is no HTTP, so that the name has to be a port.
std::variant<public_name, std::string> resolve_name(const publishing& allowed,
                                                    std::string_view asked,
                                                    std::string_view endpoint,
                                                    bool raw);

/// A label of DNS (RFC 1035, 2.3.1) made of any text; never empty.
std::string label_of(std::string_view text);

/// Whether `text` may stand in `publishing::hosts`.
bool is_host_pattern(std::string_view text);

/// Whether `text` may stand in `publishing::paths`.
bool is_path_pattern(std::string_view text);

/// "20000-20100" or "2222"; false for other text.
bool parse_port_range(std::string_view text, port_range& to);

} // namespace aps::config
