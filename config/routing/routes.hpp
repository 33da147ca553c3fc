#pragma once

#include "config/config.hpp"
#include "config/routing/conditions.hpp"

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::routing {
class route_index;
} // namespace aps::routing

namespace aps {

class page_set;
class route_answer;
class route_rewrites;

/// How special a mapping is: of several that match the greatest wins, by the
/// first of these in which they differ.
struct precedence {
  /// Letters of the host: all for one host, else those of a wildcard's end; 0
  /// for the default.
  size_t host = 0;
  bool port = false;      ///< it names one
  size_t path = 0;        ///< bytes of its prefix
  bool pattern = false;   ///< `match.path_regex`
  size_t conditions = 0;  ///< the others of `match`
  bool configured = true; ///< in the file, not by an agent
  size_t before = 0;      ///< how many may stand behind it

  static constexpr size_t one_host = SIZE_MAX;

  auto operator<=>(const precedence&) const = default;
};

/// A mapping ready for use. Immutable; shared by all exchanges it won.
struct route {
  size_t index = 0; ///< position in the file
  config::mapping rule;
  uint32_t window = config::tunnel{}.exchange_window;          ///< of an answer
  uint32_t most_window = config::tunnel{}.exchange_window_max; ///< grown

  /// Of `rule.match`; null = it asks for nothing.
  std::shared_ptr<const route_conditions> conditions = nullptr;
  bool declared = false; ///< by an agent, not in the file

  /// Of `rule.rewrite`; null = there is nothing to rewrite.
  std::shared_ptr<const route_rewrites> rewriting = nullptr;

  /// By what its targets are known, wherever it stands: `identity_of`, or of a
  /// declared one its index.
  uint64_t identity = 0;
  uint32_t origin_tls = 0; ///< `origin_tls_of`

  /// Of `rule.answer`; null = a target answers.
  std::shared_ptr<const route_answer> answering = nullptr;

  /// Of `rule.error_pages`; null = its server's, if any.
  std::shared_ptr<const page_set> pages = nullptr;

  /// The origin's path for a visitor's path (and query): what follows the
  /// `from` prefix, appended to the path of `to`. Always starts with "/",
  /// except that "*" (`OPTIONS *`) stays "*" where neither side has a path.
  std::string target_path(std::string_view visitor_path) const;

  /// Whether a request for this path stays what the mapping says, whatever
  /// the target makes of the path (config/routing/path.hpp).
  bool admits(std::string_view visitor_path) const;
};

using route_ptr = std::shared_ptr<const route>;

precedence precedence_of(const route& of);

/// A hash of what a mapping leads to, for whom and through whom: that of
/// another place in the file, or with other rules for its visitors, is the
/// same. Never that of a declared one.
uint64_t identity_of(const config::mapping& rule);

/// A hash of the mapping's own files for TLS to its target; 0 = it has none.
uint32_t origin_tls_of(const config::mapping& rule);

/// A copy of `made` with the windows of the tunnels that its mapping goes
/// through: the smallest of them, or the usual ones without any.
route with_windows(route made,
                   const std::map<std::string, config::tunnel>& tunnels);

/// All mappings of a configuration, and those beside it that agents declare.
/// Immutable and thread-safe after construction; copies are cheap.
class route_table {
 public:
  using mapping_list = std::vector<config::mapping>;
  using tunnel_map = std::map<std::string, config::tunnel>;

  /// `tunnels` give their `exchange_window`; the smallest of a mapping counts.
  /// Takes about a microsecond per mapping.
  explicit route_table(const mapping_list& mappings,
                       const tunnel_map& tunnels = {});

  /// The same mappings, and instead of those that were declared so far these,
  /// which lose to configured ones that are as special. Costs as much as the
  /// declared ones alone. Their `index` counts from `first_index`.
  route_table with_declared(const mapping_list& mappings,
                            const tunnel_map& tunnels,
                            size_t first_index) const;

  /// The winning mapping, or null. A path prefix matches whole segments only:
  /// "/a" matches "/a", "/a/b" and "/a?x", not "/ab"; "/a/" matches "/a/" and
  /// "/a/b", not "/a". The `from` paths "" and "/" are the same. Mappings that
  /// name no port match every port. Costs one hash look-up per host that may
  /// be meant and distinct length of its prefixes, however many mappings there
  /// are, and one walk over the path for the patterns of one prefix.
  route_ptr find(const route_request& request) const;

  /// All that match, the winner first.
  std::vector<route_ptr> matches(const route_request& request) const;

  /// Where the mapping of the file with that `route::identity` stands; absent =
  /// there is none. One of CONNECT is `connect_table`'s.
  std::optional<size_t> position_of(uint64_t identity) const;

  /// Whether some are for names that TLS asks for at that port.
  bool has_names(uint16_t port) const;

  /// Whether there is more than one for an address, whatever the path.
  bool has_choice(std::string_view scheme, std::string_view host,
                  uint16_t port) const;

 private:
  route_table() = default;

  std::shared_ptr<const routing::route_index> configured_;
  std::shared_ptr<const routing::route_index> declared_; ///< null = none
};

/// The mapping for a request as a visitor sends it, or null. A path that some
/// targets would take for one of another mapping is for none, as the rules of
/// that one would be evaded.
route_ptr find_route(const route_table& routes, const route_request& request);

/// Why `find_route` finds nothing although a mapping matches: a sentence, or
/// "".
std::string_view why_no_route(const route_table& routes,
                              const route_request& request);

/// In what `winner` is more special than another one that matches, as in "it
/// has ...": "a longer path"; "" where nothing but their places tell them
/// apart.
std::string_view advantage_of(const route& winner, const route& other);

} // namespace aps
