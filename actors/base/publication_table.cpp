#include "actors/base/publication_table.hpp"

#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <ctime>

namespace aps {

namespace {

/// "2026-11-28 09:51:26 UTC".
std::string time_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char out[32];
  std::strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return out;
}

/// Where a name is kept: its host, or ":2222".
std::string key_of(const config::public_name& name) {
  return name.port != 0 ? name.str() : name.host;
}

bool is_for_one_host(const route& found) {
  return precedence_of(found).host == precedence::one_host;
}

std::string configured_port(const config::node& config, uint16_t port) {
  for (size_t i = 0; i < config.mappings.size(); ++i)
    if (const auto& from = config.mappings[i].from;
        from.scheme == "tcp" && from.port == port)
      return "mappings[" + std::to_string(i) + "]";
  for (const auto& [name, server] : config.servers)
    if (server.port == port)
      return "server " + name;
  return {};
}

bool sends_to_https(const config::node& config) {
  return std::any_of(
    config.servers.begin(), config.servers.end(),
    [](const auto& each) { return each.second.redirect_https != 0; });
}

config::mapping mapping_of(const config::public_name& name, const publisher& by,
                           const config::url& target, bool tls) {
  config::mapping out;
  out.from.scheme = name.port != 0 ? "tcp" : tls ? "https" : "http";
  out.from.host = name.host;
  out.from.port = name.port != 0 ? name.port : tls ? 443 : 80;
  out.from.path = name.path;
  out.to = target;
  out.tunnels = {by.tunnel};
  out.endpoints = {by.endpoint};
  return out;
}

} // namespace

std::string publisher::str() const {
  return "endpoint " + foreign_text(endpoint, max_foreign_name) + " of tunnel "
         + tunnel
         + (credential.empty() ? "" : " (credential " + credential + ")");
}

config::mapping publication::mapping() const {
  auto out = mapping_of(name, by, target, url.starts_with("https:"));
  if (out.from.path.empty() && name.port == 0)
    out.from.path = "/";
  return out;
}

uint64_t publication_table::entry::started_ms() const {
  uint64_t out = 0;
  for (const auto& [session, started] : sessions)
    out = std::max(out, started);
  return out;
}

publication_table::publication_table(const config::node& config)
    : servers_(std::make_shared<const std::vector<public_server>>()) {
  use(std::make_shared<const configuration>(config, nullptr));
}

void publication_table::use(const std::shared_ptr<const configuration>& now) {
  https_alone_ = sends_to_https(now->config);
  file_.set(now);
}

void publication_table::use(std::vector<public_server> servers) {
  // TLS comes first.
  std::stable_sort(servers.begin(), servers.end(),
                   [](const auto& x, const auto& y) { return x.tls > y.tls; });
  servers_
    = std::make_shared<const std::vector<public_server>>(std::move(servers));
}

publication_table::shard& publication_table::shard_of(const std::string& host) {
  return shards_[std::hash<std::string>{}(host) % shards_.size()];
}

const publication_table::shard&
publication_table::shard_of(const std::string& host) const {
  return shards_[std::hash<std::string>{}(host) % shards_.size()];
}

std::string
publication_table::configured(const config::public_name& name) const {
  const auto file = file_.get();
  if (name.port != 0)
    return configured_port((*file)->config, name.port);
  const auto path = name.path.empty() ? std::string{"/"} : name.path;
  for (const auto* scheme : {"http", "https"})
    if (const auto found = (*file)->routes.find(
          {.scheme = scheme, .host = name.host, .path = path});
        found && is_for_one_host(*found))
      return "mappings[" + std::to_string(found->index) + "]";
  return {};
}

// Where the node is, only its agents know of a port.
std::string publication_table::url_of(const config::public_name& name) const {
  if (name.port != 0)
    return "tcp://" + name.str();
  const auto servers = servers_.load();
  const auto tls = !servers->empty() && servers->front().tls;
  const auto port = servers->empty() ? uint16_t{80} : servers->front().port;
  return config::url{tls ? "https" : "http", name.host, port,
                     name.path.empty() ? "/" : name.path}
    .str();
}

std::variant<publication_table::grant, std::string>
publication_table::take(const claim& claim) {
  if (auto place = configured(claim.name); !place.empty())
    return "is answered by the node's own " + place;
  const auto key = key_of(claim.name);
  auto& where = shard_of(key);
  std::lock_guard guard{where.mutex};
  auto& site = where.sites[key];
  // Who has a path of a host could play its other ones to visitors.
  if (!site.by_path.empty())
    if (const auto& owner = site.by_path.begin()->second;
        !owner.by.has_rights_of(claim.by))
      return "is taken by " + owner.by.str() + " since "
             + time_text(owner.since);
  if (site.by_path.size() >= most_of_host
      && !site.by_path.contains(claim.name.path))
    return "is of a host that has " + std::to_string(most_of_host)
           + " names already";
  const auto [at, is_fresh] = site.by_path.try_emplace(claim.name.path);
  auto& entry = at->second;
  grant out{url_of(claim.name), is_fresh, {}};
  if (!is_fresh && entry.by == claim.by && entry.target == claim.target) {
    entry.sessions[claim.session] = claim.started_ms;
    return out;
  }
  if (!is_fresh && entry.sessions.size() > entry.sessions.count(claim.session)
      && entry.started_ms() > claim.started_ms)
    return "is taken by " + entry.by.str()
           + ", an agent that started later than this one, since "
           + time_text(entry.since);
  for (const auto& [session, started] : entry.sessions)
    if (session != claim.session)
      out.displaced.push_back(session);
  if (is_fresh && claim.name.port != 0)
    if (auto why = open_port(claim); !why.empty()) {
      where.sites.erase(key);
      return why;
    }
  count_ += is_fresh;
  out.is_new = true;
  entry.name = claim.name;
  entry.by = claim.by;
  entry.target = claim.target;
  entry.since = claim.now;
  entry.sessions = {{claim.session, claim.started_ms}};
  site.routes = nullptr;
  return out;
}

// In words that go behind the name.
std::string publication_table::open_port(const claim& claim) const {
  if (!ports_.open)
    return "is a port, and this node opens none";
  auto why = ports_.open(mapping_of(claim.name, claim.by, claim.target, false));
  return why.empty() ? why : "is a port that cannot be opened: " + why;
}

bool publication_table::give_up(const config::public_name& name,
                                const session_id& session) {
  const auto key = key_of(name);
  auto& where = shard_of(key);
  std::lock_guard guard{where.mutex};
  const auto site = where.sites.find(key);
  if (site == where.sites.end())
    return false;
  auto& by_path = site->second.by_path;
  const auto at = by_path.find(name.path);
  if (at == by_path.end() || at->second.sessions.erase(session) == 0
      || !at->second.sessions.empty())
    return false;
  if (name.port != 0)
    ports_.close(mapping_of(name, at->second.by, at->second.target, false));
  by_path.erase(at);
  --count_;
  if (by_path.empty())
    where.sites.erase(site);
  else
    site->second.routes = nullptr;
  return true;
}

// Others are other routes, so their indices are of their own.
void publication_table::keep_routes(site& site) const {
  if (site.routes)
    return;
  std::vector<config::mapping> mappings;
  const bool is_port = site.by_path.begin()->second.name.port != 0;
  const auto each = https_alone_ || is_port ? 1 : 2;
  const auto count = site.by_path.size() * each;
  const auto first = next_index_.fetch_add(count);
  for (auto& [path, entry] : site.by_path) {
    entry.index = first + mappings.size();
    mappings.push_back(mapping_of(entry.name, entry.by, entry.target, true));
    if (each > 1)
      mappings.push_back(
        mapping_of(entry.name, entry.by, entry.target, false));
  }
  const auto file = file_.get();
  site.routes = std::make_shared<const route_table>(
    route_table{{}}.with_declared(mappings, (*file)->config.tunnels, first));
}

route_ptr publication_table::find(const route_request& request) const {
  const auto name = request.scheme == "tcp"
                      ? ":" + std::to_string(request.port)
                      : config::canonical_host(request.host);
  const auto& where = shard_of(name);
  std::shared_ptr<const route_table> routes;
  {
    std::lock_guard guard{where.mutex};
    const auto site = where.sites.find(name);
    if (site == where.sites.end())
      return nullptr;
    keep_routes(site->second);
    routes = site->second.routes;
  }
  return find_route(*routes, request);
}

route_ptr find_in_effect(const route_table& routes,
                         const publication_table* published,
                         const route_request& request) {
  auto found = find_route(routes, request);
  if (!published || !published->any() || (found && is_for_one_host(*found)))
    return found;
  auto declared = published->find(request);
  return declared ? declared : found;
}

std::vector<publication> publication_table::list() const {
  std::vector<publication> out;
  const auto servers = servers_.load();
  const bool plain = !https_alone_ && (servers->empty() || !servers->front().tls);
  for (const auto& where : shards_) {
    std::lock_guard guard{where.mutex};
    for (auto& [host, site] : where.sites) {
      keep_routes(site);
      for (const auto& [path, entry] : site.by_path)
        out.push_back({entry.index + (plain && entry.name.port == 0),
                       entry.name, url_of(entry.name), entry.target, entry.by,
                       entry.since, entry.sessions.size()});
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& x, const auto& y) {
    return std::tie(x.name.host, x.name.path, x.name.port)
           < std::tie(y.name.host, y.name.path, y.name.port);
  });
  return out;
}

} // namespace aps
