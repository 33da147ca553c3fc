#include "config/config.hpp"

#include "config/routing/match_section.hpp"
#include "config/routing/rewrite_section.hpp"
#include "config/sections.hpp"
#include "config/streams/stream_rules.hpp"
#include "config/streams/tls_names.hpp"
#include "config/syntax/syntax.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>

namespace aps::config {

using nlohmann::json;

std::string_view to_string(balance balance) noexcept {
  switch (balance) {
    case balance::least_loaded: return "least_loaded";
    case balance::round_robin: return "round_robin";
    case balance::latency: return "latency";
    case balance::random: return "random";
    case balance::sticky: return "sticky";
  }
  return "unknown";
}

std::string health_check::statuses::str() const {
  return low == high ? std::to_string(low) : std::to_string(low / 100) + "xx";
}

bool health_check::expects(uint16_t status) const noexcept {
  return std::any_of(expect.begin(), expect.end(), [status](const auto& one) {
    return one.low <= status && status <= one.high;
  });
}

namespace {

/// Reads the whole file; sections that name others come after them.
class node_reader {
 public:
  node_reader(const json& root, problems& out)
      : root_(&root, "$", out), out_(out) {}

  node read();

 private:
  using names = std::vector<std::string>;

  /// The object of named things at `key`, or null; bad names are problems.
  const json* named(const char* key, names& to, bool& known);
  void read_servers();
  void read_tunnels();
  void read_mappings();

  reader root_;
  problems& out_;
  node node_;
  http http_; ///< what every server starts from
  names servers_;
  names tunnels_;
  bool servers_known_ = true; ///< false: the section itself is wrong
  bool tunnels_known_ = true;
};

const json* node_reader::named(const char* key, names& to, bool& known) {
  const auto* value = root_.member(key);
  if (!value)
    return nullptr;
  const reader check{value, root_.path(key), out_};
  known = static_cast<bool>(check);
  if (!known)
    return nullptr;
  for (const auto& [name, member] : value->items()) {
    if (!is_name(name))
      root_.fail(check.path(name), "the name " + quote(name), name_rule);
    to.push_back(name);
  }
  return value;
}

void node_reader::read_servers() {
  constexpr auto allowed = "an object with at least one server";
  if (!root_.require("servers", allowed))
    servers_known_ = false;
  const auto* all = named("servers", servers_, servers_known_);
  if (!all)
    return;
  if (all->empty())
    servers_known_ = root_.fail(root_.path("servers"), "no server", allowed);
  for (const auto& [name, value] : all->items()) {
    auto& to = node_.servers[name];
    to.http = http_;
    to.trusted_proxies = node_.trusted_proxies;
    read_server(value, member_path("$.servers", name), to, out_);
  }
}

void node_reader::read_tunnels() {
  const auto* all = named("tunnels", tunnels_, tunnels_known_);
  if (!all)
    return;
  std::vector<std::string> doors;
  for (const auto& name : servers_)
    if (node_.servers[name].agents)
      doors.push_back(name);
  const auto* servers = servers_known_ ? &doors : nullptr;
  for (const auto& [name, value] : all->items())
    read_tunnel(value, member_path("$.tunnels", name), name, servers,
                node_.tunnels[name], out_);
}

void node_reader::read_mappings() {
  const auto* all = root_.member("mappings");
  if (!all)
    return;
  if (!all->is_array()) {
    root_.fail(root_.path("mappings"), describe(*all), "a list of mappings");
    return;
  }
  const auto* tunnels = tunnels_known_ ? &tunnels_ : nullptr;
  node_.mappings.reserve(all->size());
  for (size_t i = 0; i < all->size(); ++i)
    read_mapping((*all)[i], element_path(root_.path("mappings"), i), tunnels,
                 node_.mappings.emplace_back(), out_);
}

node node_reader::read() {
  if (!root_)
    return {};
  read_frame(root_);
  read_http(root_.object("http"), http_);
  node_.http = http_;
  read_networks(root_, "trusted_proxies", node_.trusted_proxies);
  read_servers();
  read_tunnels();
  read_mappings();
  if (root_.member("admin"))
    read_admin(root_.object("admin"), node_.admin.emplace());
  read_log(root_.object("log"), node_.log);
  read_io(root_.object("io"), node_.io);
  read_limits(root_.object("limits"), node_.limits);
  read_dns(root_.object("dns"), node_.dns);
  read_targets(root_.object("targets"), node_.targets);
  read_streams(root_.object("streams"), node_.streams);
  read_auth(root_.object("auth"), node_.auth);
  root_.finish();
  check_access(node_, out_);
  if (tunnels_known_)
    check_forward_auth(node_, out_);
  check_stream_tunnels(node_, out_);
  check_stream_loops(node_, out_);
  check_tls_names(node_, out_);
  check_limits(node_, out_);
  check_listeners(node_, out_);
  check_mappings(node_, out_);
  check_rewrites(node_, out_);
  return std::move(node_);
}

} // namespace

std::string_view to_string(proxy_protocol version) noexcept {
  switch (version) {
    case proxy_protocol::off: return "off";
    case proxy_protocol::v1: return "v1";
    case proxy_protocol::v2: return "v2";
  }
  return "unknown";
}

std::string_view to_string(client_certificate asked) noexcept {
  switch (asked) {
    case client_certificate::none: return "none";
    case client_certificate::any: return "any";
    case client_certificate::endpoint: return "endpoint";
  }
  return "none";
}

bool node::takes_agents(const std::string& server) const {
  const auto found = servers.find(server);
  if (found == servers.end() || !found->second.agents)
    return false;
  const auto names_it = [&](const auto& entry) {
    const auto& all = entry.second.servers;
    return std::find(all.begin(), all.end(), server) != all.end();
  };
  return tunnels.empty()
         || std::any_of(tunnels.begin(), tunnels.end(), names_it);
}

std::string problem::str() const {
  const auto meant
    = hint.empty() ? "" : "did you mean " + quote(hint) + "? ";
  return fitted(path + ": " + meant, "found " + found + ", allowed " + allowed);
}

node read_node(const json& root, problems& out) {
  return node_reader{root, out}.read();
}

result parse(std::string_view text) {
  problems wrong;
  const auto root = parse_json(text, wrong);
  if (!root)
    return wrong;
  auto all = read_node(*root, wrong);
  if (!wrong.empty())
    return wrong;
  return all;
}

} // namespace aps::config
