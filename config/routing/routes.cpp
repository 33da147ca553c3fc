#include "config/routing/routes.hpp"

#include "config/routing/match_section.hpp"
#include "config/routing/path.hpp"
#include "config/routing/route_index.hpp"

#include <nlohmann/json.hpp>

namespace aps {

using routing::default_port_of;
using routing::door;
using routing::is_wildcard;
using routing::prefix_of;
using routing::route_index;
using routing::without_query;

namespace {

// By `rewrite.path`.
std::string rewritten_path(const route& of, std::string_view visitor_path) {
  const auto path = without_query(visitor_path);
  const auto groups
    = of.conditions ? of.conditions->captures_of(path) : captures{};
  auto prefix = prefix_of(of.rule.from);
  if (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  auto out = of.rewriting->path->expand(
    [&](variable asked, std::string_view name, std::string& to) {
      if (asked == variable::capture)
        to += group_of(groups, name);
      else
        to += asked == variable::rest
                ? path.substr(std::min(prefix.size(), path.size()))
                : path;
    });
  return out += visitor_path.substr(path.size());
}

} // namespace

std::string route::target_path(std::string_view visitor_path) const {
  if (rewriting && rewriting->path && visitor_path != "*")
    return rewritten_path(*this, visitor_path);
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
  auto risk = config::risk_of(visitor_path);
  const bool moved = rewriting && rewriting->path;
  // What is put together anew may be another path.
  if (moved && visitor_path != "*")
    risk = std::max(risk, config::risk_of(target_path(visitor_path)));
  if (risk == path_risk::none || risk == path_risk::climb)
    return risk == path_risk::none;
  // Whoever maps all of a host to all of a target has no border to cross.
  if (prefix_of(rule.from).empty() && prefix_of(rule.to).empty() && !moved
      && !(conditions && conditions->has_path()))
    return true;
  return risk == path_risk::encoded_slash && rule.allow_encoded_slash;
}

precedence precedence_of(const route& of) {
  const auto& from = of.rule.from;
  precedence out;
  if (from.host != "*")
    out.host
      = is_wildcard(from.host) ? from.host.size() - 1 : precedence::one_host;
  out.port = from.port != 0
             && from.port != default_port_of(config::lower_case(from.scheme));
  out.path = prefix_of(from).size();
  if (const auto& asked = of.rule.match) {
    out.pattern = !asked->path_regex.empty();
    out.conditions = asked->count();
  }
  out.configured = !of.declared;
  out.before = SIZE_MAX - of.index;
  return out;
}

route_table::route_table(const mapping_list& mappings,
                         const tunnel_map& tunnels)
    : configured_(
      std::make_shared<const route_index>(mappings, tunnels, std::nullopt)) {}

route_table route_table::with_declared(const mapping_list& mappings,
                                       const tunnel_map& tunnels,
                                       size_t first_index) const {
  route_table out;
  out.configured_ = configured_;
  if (!mappings.empty())
    out.declared_
      = std::make_shared<const route_index>(mappings, tunnels, first_index);
  return out;
}

namespace {

bool beats(const route_ptr& x, const route_ptr& y) {
  return precedence_of(*x) > precedence_of(*y);
}

} // namespace

route_ptr route_table::find(const route_request& request) const {
  route_ptr out;
  const auto take_first = [&out](const route_ptr& hit) {
    out = hit;
    return false;
  };
  configured_->visit(request, take_first);
  if (!declared_)
    return out;
  const auto configured = std::move(out);
  out = nullptr;
  declared_->visit(request, take_first);
  return !out || (configured && !beats(out, configured)) ? configured : out;
}

std::vector<route_ptr>
route_table::matches(const route_request& request) const {
  std::vector<route_ptr> out;
  std::vector<route_ptr> declared;
  configured_->visit(request, [&](const route_ptr& hit) {
    out.push_back(hit);
    return true;
  });
  if (!declared_)
    return out;
  declared_->visit(request, [&](const route_ptr& hit) {
    declared.push_back(hit);
    return true;
  });
  std::vector<route_ptr> all;
  std::merge(out.begin(), out.end(), declared.begin(), declared.end(),
             std::back_inserter(all), beats);
  return all;
}

std::optional<size_t> route_table::position_of(uint64_t identity) const {
  return configured_->position_of(identity);
}

bool route_table::has_names(uint16_t port) const {
  return configured_->has_names(port);
}

bool route_table::has_choice(std::string_view scheme, std::string_view host,
                             uint16_t port) const {
  size_t count = 0;
  const auto add = [&](const door& at) {
    count += at.count;
    return count < 2;
  };
  configured_->visit_doors(scheme, host, port, add);
  if (declared_ && count < 2)
    declared_->visit_doors(scheme, host, port, add);
  return count > 1;
}

namespace {

// Parts of a name do not run into each other.
void add(std::string& to, std::string_view part) {
  to.append(part).push_back('\0');
}

void add(std::string& to, const std::vector<std::string>& parts) {
  for (const auto& each : parts)
    add(to, each);
  to.push_back('\1');
}

} // namespace

route with_windows(route made,
                   const std::map<std::string, config::tunnel>& tunnels) {
  bool known = false;
  for (const auto& name : made.rule.tunnels)
    if (const auto i = tunnels.find(name); i != tunnels.end()) {
      const auto& of = i->second;
      made.window = known ? std::min(made.window, of.exchange_window)
                          : of.exchange_window;
      made.most_window = known
                           ? std::min(made.most_window, of.exchange_window_max)
                           : of.exchange_window_max;
      known = true;
    }
  return made;
}

uint64_t identity_of(const config::mapping& rule) {
  std::string name;
  add(name, rule.from.str());
  add(name, rule.to.str());
  add(name, rule.tunnels);
  add(name, rule.endpoints);
  add(name, rule.tls ? rule.tls->server_name : "");
  name += rule.http2 ? '2' : '1';
  name += static_cast<char>(rule.proxy_protocol);
  if (rule.match)
    add(name, config::show(*rule.match).dump());
  return std::hash<std::string>{}(name) | uint64_t{1} << 63;
}

uint32_t origin_tls_of(const config::mapping& rule) {
  if (!rule.tls || !rule.tls->has_files())
    return 0;
  std::string name;
  add(name, rule.tls->ca);
  add(name, rule.tls->cert);
  add(name, rule.tls->key);
  return static_cast<uint32_t>(std::hash<std::string>{}(name)) | 1;
}

namespace {

constexpr size_t longest_path = 8192; // that is read in many ways

// A prefix that targets read in other ways itself is as its author means it.
bool is_ambiguous(const route_table& routes, const route& found,
                  const route_request& request) {
  if (config::has_one_reading(request.path)
      || !routes.has_choice(request.scheme, request.host, request.port)
      || !config::has_one_reading(found.rule.from.path))
    return false;
  // Nobody honest has so much to decode, and it takes its time.
  if (without_query(request.path).size() > longest_path)
    return true;
  const auto query = request.path.substr(without_query(request.path).size());
  const auto readings = config::readings_of(request.path);
  return std::any_of(readings.begin(), readings.end(), [&](const auto& each) {
    auto reading = request;
    const auto path = each + std::string{query};
    reading.path = path;
    const auto other = routes.find(reading);
    return other && other->index != found.index;
  });
}

} // namespace

route_ptr find_route(const route_table& routes, const route_request& request) {
  auto found = routes.find(request);
  // A prefix match says nothing about a path that climbs out of the prefix.
  return found && found->admits(request.path)
             && !is_ambiguous(routes, *found, request)
           ? found
           : nullptr;
}

std::string_view why_no_route(const route_table& routes,
                              const route_request& request) {
  const auto found = routes.find(request);
  if (!found || !found->admits(request.path))
    return config::render(config::risk_of(request.path));
  return is_ambiguous(routes, *found, request)
           ? "Some targets would take the path for one of another mapping."
           : "";
}

std::string_view advantage_of(const route& winner, const route& other) {
  const auto x = precedence_of(winner);
  const auto y = precedence_of(other);
  if (x.host != y.host)
    return x.host == precedence::one_host ? "the host itself"
                                          : "a longer wildcard";
  if (x.port != y.port)
    return "the port";
  if (x.path != y.path)
    return "a longer path";
  if (x.pattern != y.pattern)
    return "a pattern for the path";
  return x.conditions != y.conditions ? "more conditions" : "";
}

} // namespace aps
