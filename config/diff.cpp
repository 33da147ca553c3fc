#include "config/diff.hpp"

#include "config/fields.hpp"
#include "config/show.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_list = 60; // bytes

// Mappings that are compared key by key; of more there are their places alone.
constexpr size_t most_compared = 100;

void compare(const json& x, const json& y, const std::string& path,
             std::vector<std::string>& out) {
  if (x == y)
    return;
  if (x.is_object() && y.is_object()) {
    const auto at = [&](const std::string& key) {
      return path.empty() ? key : path + "." + key;
    };
    for (const auto& [key, value] : x.items())
      if (y.contains(key))
        compare(value, y.at(key), at(key), out);
      else
        out.push_back(at(key));
    for (const auto& [key, value] : y.items())
      if (!x.contains(key))
        out.push_back(at(key));
  } else if (x.is_array() && y.is_array() && x.size() == y.size()
             && !x.front().is_string()) {
    for (size_t i = 0; i < x.size(); ++i)
      compare(x[i], y[i], path + "[" + std::to_string(i) + "]", out);
  } else {
    out.push_back(path);
  }
}

json show_but_mappings(const node& all) {
  auto out = show_frame(all);
  out["tunnels"] = json::object();
  for (const auto& [name, tunnel] : all.tunnels)
    out["tunnels"][name] = show(tunnel);
  return out;
}

// Of fifty thousand few are others: those alone are shown.
void compare_mappings(const std::vector<mapping>& from,
                      const std::vector<mapping>& to,
                      std::vector<std::string>& out) {
  if (from.size() != to.size())
    return out.push_back("mappings");
  size_t shown = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] == to[i])
      continue;
    auto path = "mappings[" + std::to_string(i) + "]";
    if (++shown > most_compared)
      out.push_back(std::move(path));
    else
      compare(show(from[i]), show(to[i]), path, out);
  }
}

// One that is on one side only is seen without.
bool differ(const std::string& x, const std::string& y) {
  return !x.empty() && !y.empty() && x != y;
}

void compare_secrets(const std::string& path, const tunnel& from,
                     const tunnel& to, std::vector<std::string>& out) {
  if (differ(from.password, to.password))
    out.push_back(path + ".password");
  // Others are seen without.
  for (size_t i = 0; i < from.credentials.size(); ++i) {
    if (from.credentials.size() != to.credentials.size())
      return;
    const auto& x = from.credentials[i];
    const auto& y = to.credentials[i];
    const auto place = path + ".credentials[" + std::to_string(i) + "]";
    if (differ(x.password, y.password))
      out.push_back(place + ".password");
    if (differ(x.key, y.key))
      out.push_back(place + ".password_hash");
  }
}

// Pages whose files have something else in them, which `show` leaves out.
void compare_pages(const std::string& path, const boxed<error_pages>& from,
                   const boxed<error_pages>& to,
                   std::vector<std::string>& out) {
  for (size_t i = 0; from && to && i < from->size(); ++i)
    if (i < to->size() && (*from)[i].file == (*to)[i].file
        && !(*from)[i].file.empty() && (*from)[i].body != (*to)[i].body)
      out.push_back(member_path(path + ".error_pages", (*from)[i].answers));
}

void compare_pages(const node& from, const node& to,
                   std::vector<std::string>& out) {
  for (const auto& [name, server] : from.servers)
    if (const auto i = to.servers.find(name); i != to.servers.end())
      compare_pages("servers." + name, server.error_pages,
                    i->second.error_pages, out);
  if (from.mappings.size() == to.mappings.size())
    for (size_t i = 0; i < from.mappings.size(); ++i)
      compare_pages(element_path("mappings", i), from.mappings[i].error_pages,
                    to.mappings[i].error_pages, out);
}

// What `show` masks.
void compare_secrets(const node& from, const node& to,
                     std::vector<std::string>& out) {
  for (const auto& [name, tunnel] : from.tunnels)
    if (const auto i = to.tunnels.find(name); i != to.tunnels.end())
      compare_secrets("tunnels." + name, tunnel, i->second, out);
  for (const auto& [name, user] : from.auth.users) {
    const auto i = to.auth.users.find(name);
    if (i == to.auth.users.end())
      continue;
    const auto path = "auth.users." + name;
    if (differ(i->second.password, user.password))
      out.push_back(path + ".password");
    if (differ(i->second.password_hash, user.password_hash))
      out.push_back(path + ".password_hash");
  }
  for (const auto& [name, token] : from.auth.tokens) {
    const auto i = to.auth.tokens.find(name);
    if (i == to.auth.tokens.end())
      continue;
    if (differ(i->second.secret, token.secret))
      out.push_back("auth.tokens." + name + ".token");
    if (differ(i->second.secret_hash, token.secret_hash))
      out.push_back("auth.tokens." + name + ".token_hash");
  }
  if (from.admin && to.admin && !from.admin->token.empty()
      && !to.admin->token.empty() && from.admin->token != to.admin->token)
    out.push_back("admin.token");
}

template <class Section, size_t Count>
void take_live(const field<Section> (&fields)[Count], Section& to,
               const Section& from) {
  for (const auto& field : fields)
    if (field.used == change::live)
      std::visit([&](auto member) { to.*member = from.*member; }, field.member);
}

void take_live(tunnel& to, const tunnel& from) {
  take_live(fields::tunnel, to, from);
  for (size_t i = 0; i < to.pools.size(); ++i)
    take_live(fields::pool, to.pools[i], from.pools[i]);
  take_live(fields::fallback_switch, to.fallback, from.fallback);
  take_live(fields::breaker, to.fallback, from.fallback);
  to.access = from.access;
  to.password = from.password;
  to.credentials = from.credentials;
  to.publish = from.publish;
}

void take_access(node& to, const node& fresh) {
  to.auth = fresh.auth;
  for (auto& [name, server] : to.servers)
    if (const auto i = fresh.servers.find(name); i != fresh.servers.end()) {
      server.access = i->second.access;
      server.error_pages = i->second.error_pages;
      server.compress = i->second.compress;
    }
}

void take_live(mapping& to, const mapping& from) {
  to.access = from.access;
  to.health = from.health;
}

bool same_but_live(mapping x, const mapping& y) {
  take_live(x, y);
  return x == y;
}

// Rules are for the target that is asked, so they go to no mapping but the one
// that they were written for, wherever it stands in the file now. Of mappings
// that are alike the first takes those of the first.
void take_live(std::vector<mapping>& to, const std::vector<mapping>& fresh) {
  std::multimap<std::string, const mapping*> left; // in the file's order
  for (const auto& each : fresh)
    left.emplace(each.from.str(), &each);
  for (auto& each : to) {
    const auto [begin, end] = left.equal_range(each.from.str());
    const auto partner = std::find_if(begin, end, [&](const auto& entry) {
      return same_but_live(each, *entry.second);
    });
    if (partner == end)
      continue;
    take_live(each, *partner->second);
    left.erase(partner);
  }
}

template <class Section, size_t Count>
constexpr bool all(change used, const field<Section> (&fields)[Count]) {
  return std::all_of(fields, fields + Count,
                     [used](const auto& field) { return field.used == used; });
}

// Nobody hears of these while the node runs.
static_assert(all(change::restart, fields::http)
              && all(change::restart, fields::limits)
              && all(change::restart, fields::server)
              && all(change::restart, fields::admin)
              && all(change::restart, fields::log)
              && all(change::restart, fields::io)
              && all(change::restart, fields::targets)
              && all(change::restart, fields::streams));

// Checks change as a whole.
static_assert(all(change::live, fields::mapping)
              && all(change::live, fields::timeouts)
              && all(change::live, fields::retry)
              && all(change::live, fields::copies));
static_assert(all(change::live, fields::health));
static_assert(all(change::live, fields::quota)
              && all(change::live, fields::forward_auth)
              && all(change::live, fields::compression)
              && all(change::live, fields::auth));

} // namespace

namespace {

// The first that a mapping, or its login service, goes through; "" = all run.
std::string missing_tunnel(const node& running, const mapping& rule) {
  const auto missing
    = [&](const std::string& name) { return !running.tunnels.contains(name); };
  std::vector<std::string> all = rule.tunnels;
  if (rule.cc)
    all.insert(all.end(), rule.cc->tunnels.begin(), rule.cc->tunnels.end());
  if (const auto& login = rule.access.forward_auth)
    all.insert(all.end(), login->tunnels.begin(), login->tunnels.end());
  const auto i = std::find_if(all.begin(), all.end(), missing);
  return i == all.end() ? std::string{} : *i;
}

} // namespace

std::string why_mappings_stay(const node& running, const node& fresh) {
  for (size_t i = 0; i < fresh.mappings.size(); ++i)
    if (auto name = missing_tunnel(running, fresh.mappings[i]); !name.empty())
      return "mappings[" + std::to_string(i) + "] goes through tunnel " + name
             + ", which takes a restart";
  return {};
}

namespace {

// Of mappings there may be very many. A new member of `node` is wanted here.
node without_mappings(const node& all) {
  const auto& [servers, tunnels, mappings, trusted_proxies, auth, admin, log,
               io, limits, dns, targets, streams, http]
    = all;
  return {servers, tunnels, {},  trusted_proxies, auth,    admin, log,
          io,      limits,  dns, targets,         streams, http};
}

} // namespace

node in_effect(const node& running, const node& fresh,
               mapping_change mappings) {
  auto out
    = mappings == mapping_change::whole ? without_mappings(running) : running;
  for (auto& [name, server] : out.servers)
    if (const auto i = fresh.servers.find(name);
        i != fresh.servers.end() && server.tls && i->second.tls)
      server.tls = i->second.tls;
  for (auto& [name, tunnel] : out.tunnels)
    if (const auto i = fresh.tunnels.find(name); i != fresh.tunnels.end())
      take_live(tunnel, i->second);
  take_access(out, fresh);
  if (mappings == mapping_change::whole)
    out.mappings = fresh.mappings;
  else
    take_live(out.mappings, fresh.mappings);
  return out;
}

std::vector<std::string> changed_keys(const node& from, const node& to) {
  std::vector<std::string> out;
  if (from == to)
    return out;
  compare(show_but_mappings(from), show_but_mappings(to), {}, out);
  compare_mappings(from.mappings, to.mappings, out);
  compare_secrets(from, to, out);
  compare_pages(from, to, out);
  std::sort(out.begin(), out.end());
  return out;
}

std::string listed(const std::vector<std::string>& keys) {
  std::string out;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0 && out.size() + keys[i].size() > longest_list)
      return out + " and " + std::to_string(keys.size() - i) + " more";
    out.append(i == 0 ? "" : ", ").append(keys[i]);
  }
  return out;
}

} // namespace aps::config
