#pragma once

#include "config/answers/page_set.hpp"
#include "config/host.hpp"
#include "config/routing/route_rewrites.hpp"
#include "config/routing/routes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

/// How `route_table` finds mappings; for it alone.
namespace aps::routing {

/// A path prefix; the root has two spellings, "" and "/".
inline std::string_view prefix_of(const config::url& from) {
  return from.path == "/" ? std::string_view{} : std::string_view{from.path};
}

/// Whether the first `length` characters of `path` are whole segments.
inline bool ends_segment(std::string_view path, size_t length) {
  return length == 0 || length == path.size() || path[length] == '/'
         || path[length - 1] == '/';
}

/// 0 = it has none: raw streams name their ports.
inline uint16_t default_port_of(std::string_view scheme) {
  return scheme == "https" ? 443 : scheme == "http" ? 80 : 0;
}

inline std::string_view without_query(std::string_view path) {
  return path.substr(0, path.find('?'));
}

inline bool is_wildcard(std::string_view host) {
  return host.starts_with("*.");
}

/// Finds strings by view, without a copy per look-up.
struct string_hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

template <class T>
using string_map
  = std::unordered_map<std::string, T, string_hash, std::equal_to<>>;

/// The mappings of one prefix, the most special first.
struct group {
  // From so many patterns on one walk is cheaper than many.
  static constexpr size_t many_patterns = 8;

  std::vector<route_ptr> patterned;            ///< with a pattern for the path
  std::vector<route_ptr> conditional;          ///< with other conditions
  route_ptr plain;                             ///< without any, or null
  std::unique_ptr<const pattern_set> patterns; ///< null = few

  size_t size() const {
    return patterned.size() + conditional.size() + (plain ? 1 : 0);
  }

  void add(route_ptr from) {
    if (!from->conditions) {
      if (!plain) // a second one is no configuration, but the first wins
        plain = std::move(from);
      return;
    }
    auto& to = from->conditions->has_path() ? patterned : conditional;
    to.push_back(std::move(from));
  }

  void finish() {
    for (auto* each : {&patterned, &conditional})
      std::stable_sort(each->begin(), each->end(),
                       [](const auto& x, const auto& y) {
                         return x->rule.match->count() > y->rule.match->count();
                       });
    if (patterned.size() < many_patterns)
      return;
    std::vector<std::string> all;
    for (const auto& each : patterned)
      all.push_back(each->rule.match->path_regex);
    patterns = std::make_unique<const pattern_set>(all);
  }

  // Calls `visit` for each that matches; false = it wants no more.
  template <class Visit>
  bool visit(const route_request& request, std::string_view path,
             Visit& visit) const {
    return (patterned.empty() || visit_patterned(request, path, visit))
           && (conditional.empty() || visit_conditional(request, visit))
           && (!plain || visit(plain));
  }

 private:
  template <class Visit>
  bool visit_patterned(const route_request& request, std::string_view path,
                       Visit& visit) const {
    const auto ask = [&](const route_ptr& each, bool fits) {
      return !fits || !each->conditions->admit(request) || visit(each);
    };
    if (patterns)
      if (const auto fitting = patterns->fitting(path))
        return std::all_of(fitting->begin(), fitting->end(), [&](int i) {
          return ask(patterned[static_cast<size_t>(i)], true);
        });
    return std::all_of(patterned.begin(), patterned.end(),
                       [&](const auto& each) {
                         return ask(each, each->conditions->takes(path));
                       });
  }

  template <class Visit>
  bool visit_conditional(const route_request& request, Visit& visit) const {
    return std::all_of(
      conditional.begin(), conditional.end(), [&](const auto& each) {
        return !each->conditions->admit(request) || visit(each);
      });
  }
};

/// All mappings of one scheme, host and port.
struct door {
  std::string scheme;
  uint16_t port = 0;
  string_map<group> by_path;
  std::vector<size_t> lengths; ///< of the paths; longest first, each once
  size_t count = 0;            ///< of mappings

  template <class Visit>
  bool visit(const route_request& request, Visit& to) const {
    const auto path = without_query(request.path);
    for (const auto length : lengths) {
      if (length > path.size() || !ends_segment(path, length))
        continue;
      const auto hit = by_path.find(path.substr(0, length));
      if (hit != by_path.end() && !hit->second.visit(request, path, to))
        return false;
    }
    return true;
  }
};

/// All mappings of one host, or of one wildcard; by port.
using doors = std::vector<door>;

inline auto key_of(const door& of) {
  return std::pair{of.port, std::string_view{of.scheme}};
}

inline auto place_in(const doors& all, uint16_t port, std::string_view scheme) {
  return std::lower_bound(
    all.begin(), all.end(), std::pair{port, scheme},
    [](const door& each, const auto& wanted) { return key_of(each) < wanted; });
}

inline const door* find_in(const doors& all, uint16_t port,
                           std::string_view scheme) {
  const auto at = place_in(all, port, scheme);
  return at != all.end() && at->port == port && at->scheme == scheme ? &*at
                                                                     : nullptr;
}

/// The mappings of one origin: the file, or the agents.
class route_index {
 public:
  /// `declared_from` = the first number of declared ones; absent = these are
  /// the file's.
  route_index(const route_table::mapping_list& mappings,
              const route_table::tunnel_map& tunnels,
              std::optional<size_t> declared_from) {
    hosts_.reserve(mappings.size());
    if (!declared_from)
      positions_.reserve(mappings.size());
    for (size_t i = 0; i < mappings.size(); ++i)
      if (mappings[i].from.scheme != "connect") // connect_table has these
        add(with_windows({.index = declared_from.value_or(0) + i,
                          .rule = mappings[i],
                          .declared = declared_from.has_value()},
                         tunnels));
    const auto finish = [](auto& map) {
      for (auto& [host, all] : map)
        finish_doors(all);
    };
    finish(hosts_);
    finish(wildcards_);
    finish_doors(any_);
    std::sort(positions_.begin(), positions_.end());
  }

  /// As `route_table` has it.
  std::optional<size_t> position_of(uint64_t identity) const {
    const auto at = std::lower_bound(positions_.begin(), positions_.end(),
                                     std::pair{identity, size_t{0}});
    return at == positions_.end() || at->first != identity
             ? std::nullopt
             : std::optional{at->second};
  }

  bool has_names(uint16_t port) const {
    return std::find(named_ports_.begin(), named_ports_.end(), port)
           != named_ports_.end();
  }

  /// Calls `visit` for each mapping that matches, the most special first,
  /// until it returns false.
  template <class Visit>
  void visit(const route_request& request, Visit visit) const {
    visit_doors(request.scheme, request.host, request.port,
                [&](const door& at) { return at.visit(request, visit); });
  }

  /// Calls `visit` for each door of an address, until it returns false.
  template <class Visit>
  void visit_doors(std::string_view scheme, std::string_view host,
                   uint16_t port, Visit visit) const {
    const auto protocol = config::lower_case(scheme);
    const auto otherwise = default_port_of(protocol);
    const auto asked = port == 0 ? otherwise : port;
    const auto ask = [&](const doors& all) {
      const auto* first = find_in(all, asked, protocol);
      if (first && !visit(*first))
        return false;
      // A node on port 8080 is asked for "example.com:8080"; a mapping that
      // names no port means that, too.
      const auto* second
        = asked == otherwise ? nullptr : find_in(all, otherwise, protocol);
      return !second || visit(*second);
    };
    const auto name = config::canonical_host(host);
    const auto hit = hosts_.find(name);
    if (hit != hosts_.end() && !ask(hit->second))
      return;
    if (!wildcards_.empty() && !visit_wildcards(name, ask))
      return;
    if (!any_.empty())
      ask(any_);
  }

 private:
  void add(route&& made) {
    const auto& from = made.rule.from;
    if (made.rule.is_named() && !has_names(from.port))
      named_ports_.push_back(from.port);
    auto& all = doors_of(from.host);
    const auto scheme = config::lower_case(from.scheme);
    const auto port = from.port == 0 ? default_port_of(scheme) : from.port;
    auto at = place_in(all, port, scheme) - all.cbegin() + all.begin();
    if (at == all.end() || at->port != port || at->scheme != scheme)
      at = all.insert(at, door{scheme, port, {}, {}, 0});
    const auto path = prefix_of(from);
    auto& to = at->by_path[std::string{path}];
    if (to.size() == 0)
      at->lengths.push_back(path.size());
    ++at->count;
    made.identity = made.declared ? made.index : identity_of(made.rule);
    if (!made.declared)
      positions_.emplace_back(made.identity, made.index);
    made.origin_tls = origin_tls_of(made.rule);
    if (made.rule.match)
      made.conditions
        = std::make_shared<const route_conditions>(*made.rule.match);
    if (made.rule.rewrite)
      made.rewriting
        = std::make_shared<const route_rewrites>(*made.rule.rewrite);
    if (made.rule.answer)
      made.answering = std::make_shared<const route_answer>(*made.rule.answer);
    if (made.rule.error_pages)
      made.pages = std::make_shared<const page_set>(*made.rule.error_pages);
    to.add(std::make_shared<const route>(std::move(made)));
  }

  doors& doors_of(std::string_view host) {
    if (host == "*")
      return any_;
    if (!is_wildcard(host))
      return hosts_[config::canonical_host(host)];
    auto end = config::canonical_host(host.substr(1));
    const auto dots
      = static_cast<size_t>(std::count(end.begin(), end.end(), '.'));
    if (dots < depths_.size())
      depths_[dots] = true;
    longest_ = std::max(longest_, end.size());
    return wildcards_[std::move(end)];
  }

  static void finish_doors(doors& all) {
    for (auto& each : all) {
      auto& lengths = each.lengths;
      std::sort(lengths.begin(), lengths.end(), std::greater<>{});
      lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
      for (auto& [path, at] : each.by_path)
        at.finish();
    }
  }

  // Those of a name's ends that some wildcard has, the longest first.
  template <class Ask>
  bool visit_wildcards(std::string_view name, Ask& ask) const {
    auto dots = static_cast<size_t>(std::count(name.begin(), name.end(), '.'));
    for (auto at = name.find('.'); at != name.npos;
         at = name.find('.', at + 1), --dots) {
      if (at == 0 || dots >= depths_.size() || !depths_[dots]
          || name.size() - at > longest_)
        continue;
      const auto hit = wildcards_.find(name.substr(at));
      if (hit != wildcards_.end() && !ask(hit->second))
        return false;
    }
    return true;
  }

  string_map<doors> hosts_;
  string_map<doors> wildcards_; ///< by what follows the star: ".example.com"
  doors any_;
  std::vector<std::pair<uint64_t, size_t>> positions_; ///< by identity
  std::vector<uint16_t> named_ports_; ///< of TLS names, each once
  std::array<bool, 128> depths_{}; ///< dots of wildcards' ends
  size_t longest_ = 0;             ///< of these ends
};

} // namespace aps::routing
