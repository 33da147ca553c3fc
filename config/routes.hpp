#pragma once

#include "config/config.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aps {

/// A mapping ready for use. Immutable; shared by all exchanges it won.
struct route {
  size_t index = 0; ///< position in the file
  config::mapping rule;
  uint32_t window = 512 * 1024; ///< bytes of an answer under way

  /// The origin's path for a visitor's path (and query): what follows the
  /// `from` prefix, appended to the path of `to`. Always starts with "/",
  /// except that "*" (`OPTIONS *`) stays "*" where neither side has a path.
  std::string target_path(std::string_view visitor_path) const;

  /// Whether a request for this path stays what the mapping says, whatever
  /// the target makes of the path (config/path.hpp).
  bool admits(std::string_view visitor_path) const;
};

/// The number of the mapping's own files for TLS to its target; 0 = it has
/// none.
inline uint32_t origin_tls_of(const route& of) noexcept {
  return of.rule.tls && of.rule.tls->has_files()
           ? static_cast<uint32_t>(of.index + 1)
           : 0;
}

/// All mappings of a configuration: the longest path wins, then the first in
/// the file. Immutable and thread-safe after construction.
class route_table {
 public:
  /// `tunnels` give their `exchange_window`; the smallest of a mapping counts.
  explicit route_table(
    const std::vector<config::mapping>& mappings,
    const std::map<std::string, config::tunnel>& tunnels = {});

  /// The winning mapping, or null. `host` in any case, without port (an IPv6
  /// address with or without brackets); `port` 0 = the scheme's default. A path
  /// prefix matches whole segments only: "/a" matches "/a", "/a/b" and "/a?x",
  /// not "/ab"; "/a/" matches "/a/" and "/a/b", not "/a". The `from` paths ""
  /// and "/" are the same. Costs one hash look-up per distinct length of the
  /// host's prefixes, however many mappings there are.
  std::shared_ptr<const route> find(std::string_view scheme,
                                    std::string_view host, uint16_t port,
                                    std::string_view path) const;

  /// How many prefixes there are for an address.
  size_t choices(std::string_view scheme, std::string_view host,
                 uint16_t port) const;

  /// How many mappings are for a request, the loser of equals included.
  struct matches {
    size_t all = 0;
    size_t as_long = 0; ///< with a path of `length`, as their winner's
  };
  matches count(std::string_view scheme, std::string_view host, uint16_t port,
                std::string_view path, size_t length) const;

 private:
  struct string_hash;
  template <class T>
  using string_map
    = std::unordered_map<std::string, T, string_hash, std::equal_to<>>;
  struct by_host;
  struct prefixes;
  template <class Visit>
  void visit(std::string_view scheme, std::string_view host, uint16_t port,
             std::string_view path, Visit visit) const;

  std::shared_ptr<const by_host> hosts_; ///< so copies of a table are cheap
};

/// The mapping for an address as a visitor sends it, or null. `port` counts
/// only for mappings that name one. A path that some targets would take for one
/// of another mapping is for none, as the rules of that one would be evaded.
std::shared_ptr<const route> find_route(const route_table& routes,
                                        std::string_view scheme,
                                        std::string_view host, uint16_t port,
                                        std::string_view path);

/// Why `find_route` finds nothing although a mapping matches: a sentence, or
/// "".
std::string_view why_no_route(const route_table& routes,
                              std::string_view scheme, std::string_view host,
                              uint16_t port, std::string_view path);

} // namespace aps
