#include "config/routes.hpp"

#include "config/host.hpp"
#include "config/path.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace aps {

namespace {

/// "scheme host port" with defaults filled in; the key of one `prefixes`.
std::string key_of(std::string_view scheme, std::string_view host,
                   uint16_t port) {
  auto result = config::lower_case(scheme);
  if (port == 0)
    port = result == "https" ? 443 : 80;
  result += ' ';
  result += config::canonical_host(host);
  result += ' ';
  result += std::to_string(port);
  return result;
}

/// The root prefix has two spellings, "" and "/".
std::string_view prefix_of(const config::url& from) {
  return from.path == "/" ? std::string_view{} : std::string_view{from.path};
}

/// Whether the first `length` characters of `path` are whole segments.
bool ends_segment(std::string_view path, size_t length) {
  return length == 0 || length == path.size() || path[length] == '/'
         || path[length - 1] == '/';
}

uint32_t window_of(const config::mapping& rule,
                   const std::map<std::string, config::tunnel>& tunnels) {
  std::optional<uint32_t> out;
  for (const auto& name : rule.tunnels)
    if (const auto i = tunnels.find(name); i != tunnels.end())
      out = std::min(out.value_or(UINT32_MAX), i->second.exchange_window);
  return out.value_or(config::tunnel{}.exchange_window);
}

} // namespace

/// Finds strings by view, without a copy per look-up.
struct route_table::string_hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// All mappings of one scheme, host and port.
struct route_table::prefixes {
  struct entry {
    std::shared_ptr<const route> first;
    size_t count = 0; ///< mappings of this prefix
  };

  string_map<entry> by_path;
  std::vector<size_t> lengths; ///< of the paths; longest first, each once
};

struct route_table::by_host {
  string_map<prefixes> map;
};

std::string route::target_path(std::string_view visitor_path) const {
  auto prefix = prefix_of(rule.from);
  std::string_view base = rule.to.path;
  if (visitor_path == "*")
    return prefix.empty() && base.empty() ? "*" : std::string{base};
  // The slash that ends a prefix belongs to the rest, as it does when the
  // prefix is written without one.
  if (!prefix.empty() && prefix.back() == '/')
    prefix.remove_suffix(1);
  auto rest = visitor_path.substr(std::min(prefix.size(), visitor_path.size()));
  const bool slash = !rest.empty() && rest.front() == '/';
  if (slash && !base.empty() && base.back() == '/')
    base.remove_suffix(1);
  std::string result;
  result.reserve(base.size() + rest.size() + 1);
  result += base;
  if (result.empty() && !slash)
    result += '/';
  return result += rest;
}

bool route::admits(std::string_view visitor_path) const {
  using config::path_risk;
  const auto risk = config::risk_of(visitor_path);
  if (risk == path_risk::none || risk == path_risk::climb)
    return risk == path_risk::none;
  // Whoever maps all of a host to all of a target has no border to cross.
  if (prefix_of(rule.from).empty() && prefix_of(rule.to).empty())
    return true;
  return risk == path_risk::encoded_slash && rule.allow_encoded_slash;
}

route_table::route_table(
  const std::vector<config::mapping>& mappings,
  const std::map<std::string, config::tunnel>& tunnels) {
  auto hosts = std::make_shared<by_host>();
  for (size_t i = 0; i < mappings.size(); ++i) {
    const auto& from = mappings[i].from;
    auto& entry = hosts->map[key_of(from.scheme, from.host, from.port)];
    const auto path = std::string{prefix_of(from)};
    // Does nothing for a second mapping of the same prefix: the first wins.
    auto [at, added] = entry.by_path.try_emplace(path);
    ++at->second.count;
    if (added) {
      at->second.first = std::make_shared<const route>(
        route{i, mappings[i], window_of(mappings[i], tunnels)});
      entry.lengths.push_back(path.size());
    }
  }
  for (auto& [key, entry] : hosts->map) {
    auto& lengths = entry.lengths;
    std::sort(lengths.begin(), lengths.end(), std::greater<>{});
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
  hosts_ = std::move(hosts);
}

// Calls `visit` for each prefix that matches, the longest first, until it
// returns false.
template <class Visit>
void route_table::visit(std::string_view scheme, std::string_view host,
                        uint16_t port, std::string_view path,
                        Visit visit) const {
  const auto entry = hosts_->map.find(key_of(scheme, host, port));
  if (entry == hosts_->map.end())
    return;
  const auto& [by_path, lengths] = entry->second;
  path = path.substr(0, path.find('?'));
  for (const auto length : lengths) {
    if (length > path.size() || !ends_segment(path, length))
      continue;
    const auto hit = by_path.find(path.substr(0, length));
    if (hit != by_path.end() && !visit(hit->second, length))
      return;
  }
}

std::shared_ptr<const route> route_table::find(std::string_view scheme,
                                               std::string_view host,
                                               uint16_t port,
                                               std::string_view path) const {
  std::shared_ptr<const route> out;
  visit(scheme, host, port, path, [&](const auto& hit, size_t) {
    out = hit.first;
    return false;
  });
  return out;
}

route_table::matches route_table::count(std::string_view scheme,
                                        std::string_view host, uint16_t port,
                                        std::string_view path,
                                        size_t length) const {
  matches out;
  visit(scheme, host, port, path, [&](const auto& hit, size_t here) {
    out.all += hit.count;
    out.as_long += here == length ? hit.count : 0;
    return true;
  });
  return out;
}

size_t route_table::choices(std::string_view scheme, std::string_view host,
                            uint16_t port) const {
  const auto entry = hosts_->map.find(key_of(scheme, host, port));
  return entry == hosts_->map.end() ? 0 : entry->second.by_path.size();
}

namespace {

constexpr size_t longest_path = 8192; // that is read in many ways

struct asked_address {
  const route_table& routes;
  std::string_view scheme;
  std::string_view host;
  uint16_t port;

  // A node on port 8080 is asked for "example.com:8080"; a mapping that names
  // no port means that, too.
  std::shared_ptr<const route> match(std::string_view path) const {
    auto found = routes.find(scheme, host, port, path);
    return found || port == 0 ? found : routes.find(scheme, host, 0, path);
  }

  bool has_choice() const {
    const auto of_all = port == 0 ? 0 : routes.choices(scheme, host, 0);
    return routes.choices(scheme, host, port) + of_all > 1;
  }

  // A prefix that targets read in other ways itself is as its author means it.
  bool is_ambiguous(const route& found, std::string_view path) const {
    if (config::has_one_reading(path) || !has_choice()
        || !config::has_one_reading(found.rule.from.path))
      return false;
    // Nobody honest has so much to decode, and it takes its time.
    if (std::min(path.find('?'), path.size()) > longest_path)
      return true;
    const auto readings = config::readings_of(path);
    return std::any_of(readings.begin(), readings.end(), [&](const auto& one) {
      const auto other = match(one);
      return other && other->index != found.index;
    });
  }
};

} // namespace

std::shared_ptr<const route> find_route(const route_table& routes,
                                        std::string_view scheme,
                                        std::string_view host, uint16_t port,
                                        std::string_view path) {
  const asked_address asked{routes, scheme, host, port};
  auto found = asked.match(path);
  // A prefix match says nothing about a path that climbs out of the prefix.
  return found && found->admits(path) && !asked.is_ambiguous(*found, path)
           ? found
           : nullptr;
}

std::string_view why_no_route(const route_table& routes,
                              std::string_view scheme, std::string_view host,
                              uint16_t port, std::string_view path) {
  const asked_address asked{routes, scheme, host, port};
  const auto found = asked.match(path);
  if (!found || !found->admits(path))
    return config::render(config::risk_of(path));
  return asked.is_ambiguous(*found, path)
           ? "Some targets would take the path for one of another mapping."
           : "";
}

} // namespace aps
