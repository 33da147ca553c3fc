#include "config/check/advice.hpp"

#include "config/host.hpp"
#include "config/syntax/text.hpp"
#include "config/tls/certificates.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace aps::config {

namespace {

constexpr std::array<std::string_view, 2> example_secrets{"test123",
                                                          "change me"};

std::string mapping_path(size_t index) {
  return element_path("$.mappings", index);
}

bool is_default_port(const url& from) {
  return from.port == (from.scheme == "https" ? 443 : 80);
}

/// The ports that visitors can name; empty = any, as one is chosen at start.
std::vector<std::string> ports_of(const node& all) {
  std::vector<std::string> out;
  for (const auto& [name, server] : all.servers) {
    if (server.port == 0)
      return {};
    out.push_back(std::to_string(server.port));
  }
  return out;
}

void look_at_from(const node& all, size_t index,
                  const std::vector<std::string>& ports,
                  std::vector<warning>& out) {
  if (all.mappings[index].is_stream())
    return;
  const auto& from = all.mappings[index].from;
  const auto path = mapping_path(index) + ".from";
  const auto speaks_tls
    = [](const auto& item) { return item.second.tls.has_value(); };
  if (from.scheme == "https"
      && std::none_of(all.servers.begin(), all.servers.end(), speaks_tls)) {
    out.push_back({path, "visitors speak plain HTTP to the servers, which "
                         "https:// never matches; write http://, or give a "
                         "server tls"});
    return;
  }
  if (from.scheme == "http" && !all.servers.empty()
      && std::all_of(all.servers.begin(), all.servers.end(), speaks_tls)) {
    out.push_back({path, "all servers speak TLS, which http:// never matches; "
                         "write https://"});
    return;
  }
  // A visitor names the port that it called, or none.
  const auto port = std::to_string(from.port);
  if (!is_default_port(from) && !ports.empty()
      && std::find(ports.begin(), ports.end(), port) == ports.end())
    out.push_back({path, "no server has port " + port + "; write none, or "
                           + joined(ports)});
}

// TLS at that port is theirs before it is anybody's HTTPS.
void look_at_https(const node& all, std::vector<warning>& out) {
  std::set<std::pair<std::string, uint16_t>> names;
  for (const auto& rule : all.mappings)
    if (rule.is_named())
      names.emplace(rule.from.host, rule.from.port);
  for (size_t i = 0; i < all.mappings.size() && !names.empty(); ++i) {
    const auto& from = all.mappings[i].from;
    if (from.scheme != "https")
      continue;
    auto taken = names.contains({from.host, from.port});
    for (auto at = from.host.find('.'); at != from.host.npos && !taken;
         at = from.host.find('.', at + 1))
      taken = names.contains({"*" + from.host.substr(at), from.port});
    if (taken)
      out.push_back({mapping_path(i) + ".from",
                     "TLS for this name and port goes to a mapping of tls://, "
                     "so nobody gets here; write another name there"});
  }
}

void look_at_via(const node& all, size_t index, std::vector<warning>& out) {
  const auto& tunnels = all.mappings[index].tunnels;
  const auto is_off = [&](const std::string& name) {
    const auto found = all.tunnels.find(name);
    return found != all.tunnels.end() && !found->second.enabled;
  };
  if (!tunnels.empty() && std::all_of(tunnels.begin(), tunnels.end(), is_off))
    out.push_back(
      {mapping_path(index) + ".via.tunnels",
       "no tunnel of it is enabled, so it answers 503; enable one"});
}

void look_at_delivery(const node& all, size_t index,
                      std::vector<warning>& out) {
  const auto& rule = all.mappings[index];
  // An endpoint's name is one of its tunnel.
  if (rule.retry && rule.tunnels.size() == 1 && rule.endpoints.size() == 1)
    out.push_back({mapping_path(index) + ".retry",
                   "only one endpoint is named, so there is no other to ask; "
                   "name more in via.endpoints, or none"});
  if (!rule.timeouts)
    return;
  const auto& times = *rule.timeouts;
  if (times.total_timeout.count() > 0
      && times.first_byte_timeout > times.total_timeout)
    out.push_back({mapping_path(index) + ".timeouts.first_byte_timeout",
                   "longer than total_timeout, which comes first; make it "
                   "shorter"});
}

void look_at_mappings(const node& all, std::vector<warning>& out) {
  if (all.mappings.empty())
    out.push_back({"$.mappings", "there is no mapping, so every request gets "
                                 "404; add one with from and to"});
  const auto ports = ports_of(all);
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    look_at_from(all, i, ports, out);
    look_at_via(all, i, out);
    look_at_delivery(all, i, out);
  }
  look_at_https(all, out);
}

void look_at_names(const node& all, const std::vector<std::string>& certified,
                   std::vector<warning>& out) {
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto& from = all.mappings[i].from;
    const bool shown = from.scheme == "https"
                       || (all.mappings[i].terminate && from.host != "*");
    if (shown && !uncovered({from.host}, certified).empty())
      out.push_back(
        {mapping_path(i) + ".from", "no certificate is for " + from.host
                                      + ", so visitors refuse it; they are for "
                                      + joined(certified)});
  }
}

void look_at_secret(const std::string& secret, const std::string& path,
                    std::vector<warning>& out) {
  if (secret.find("${") != secret.npos)
    out.push_back({path, "a ${...} stands in it that nothing replaces; set "
                         "what it is meant to become"});
  if (is_of_examples(secret))
    out.push_back({path, "everybody knows it from the examples; choose "
                         "another one"});
}

// Whoever reaches such a port is an agent.
void look_at_ports(const node& all, std::vector<warning>& out) {
  for (const auto& [name, server] : all.servers) {
    if (is_loopback(server.host) || !server.agents)
      continue;
    for (const auto& [tunnel_name, tunnel] : all.tunnels) {
      const auto& doors = tunnel.servers;
      if (!tunnel.enabled || !is_of_examples(tunnel.password)
          || std::find(doors.begin(), doors.end(), name) == doors.end())
        continue;
      out.push_back({member_path("$.servers", name),
                     "open to others (" + server.host
                       + "), who may join with the examples' password; choose "
                         "another one, or host 127.0.0.1",
                     member_path("$.tunnels", tunnel_name) + ".password"});
      break;
    }
  }
}

} // namespace

bool is_of_examples(std::string_view secret) {
  return std::find(example_secrets.begin(), example_secrets.end(), secret)
         != example_secrets.end();
}

std::vector<warning> advise(const node& all,
                            const std::vector<std::string>& certified) {
  std::vector<warning> out;
  look_at_ports(all, out);
  for (const auto& [name, tunnel] : all.tunnels) {
    const auto path = member_path("$.tunnels", name);
    if (!tunnel.password.empty())
      look_at_secret(tunnel.password, path + ".password", out);
    for (size_t i = 0; i < tunnel.credentials.size(); ++i)
      if (const auto& each = tunnel.credentials[i]; !each.password.empty())
        look_at_secret(each.password,
                       element_path(path + ".credentials", i) + ".password",
                       out);
  }
  if (all.admin)
    look_at_secret(all.admin->token, "$.admin.token", out);
  look_at_mappings(all, out);
  if (!certified.empty())
    look_at_names(all, certified, out);
  return out;
}

} // namespace aps::config
