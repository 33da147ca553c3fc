#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <set>

namespace aps::config {

namespace {

struct listener {
  bool datagrams; ///< ports of UDP are others
  std::string path;
  std::string host; ///< canonical
  uint16_t port;
};

listener listener_of(std::string path, const std::string& host, uint16_t port,
                     bool datagrams = false) {
  const auto address = host == "localhost" ? "127.0.0.1" : canonical_host(host);
  return {datagrams, std::move(path), address, port};
}

/// Whether the system would refuse the second of the two. "::" and IPv4 are
/// left to the system: whether they meet is its setting.
bool clash(const listener& a, const listener& b) {
  if (a.port == 0 || a.port != b.port || a.datagrams != b.datagrams)
    return false;
  if (is_ipv4(a.host) != is_ipv4(b.host))
    return false;
  const auto everywhere
    = [](const std::string& host) { return host == "0.0.0.0" || host == "::"; };
  return a.host == b.host || everywhere(a.host) || everywhere(b.host);
}

/// Limits that contradict each other: the second could never be reached.
void check_http(const http& limits, const std::string& path, problems& out) {
  constexpr uint64_t smallest_field = 4; // "a:" and the end of its line
  if (limits.max_headers == http{}.max_headers
      || limits.max_headers * smallest_field <= limits.max_header_bytes)
    return;
  out.push_back({path + ".max_headers",
                 "the number " + std::to_string(limits.max_headers),
                 "at most a quarter of max_header_bytes ("
                   + std::to_string(limits.max_header_bytes) + ")",
                 {}});
}

bool is_served(const node& all, uint16_t port) {
  return std::any_of(
    all.servers.begin(), all.servers.end(),
    [port](const auto& each) { return each.second.port == port; });
}

} // namespace

void check_limits(const node& all, problems& out) {
  for (const auto& [name, server] : all.servers)
    check_http(server.http, member_path("$.servers", name) + ".http", out);
}

void check_listeners(const node& all, problems& out) {
  std::vector<listener> seen;
  for (const auto& [name, server] : all.servers)
    seen.push_back(
      listener_of(member_path("$.servers", name), server.host, server.port));
  if (all.admin && !all.admin->host.starts_with("unix:"))
    seen.push_back(listener_of("$.admin", all.admin->host, all.admin->port));
  if (all.admin && all.admin->grpc)
    seen.push_back(listener_of("$.admin.grpc", all.admin->grpc->host,
                               all.admin->grpc->port));
  std::set<uint16_t> named;
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto& rule = all.mappings[i];
    const auto& from = rule.from;
    // Names share a port, and a server may have it.
    const bool own = rule.is_named() ? !is_served(all, from.port)
                                         && named.insert(from.port).second
                                     : rule.is_raw();
    if (own)
      seen.push_back(listener_of(
        element_path("$.mappings", i) + ".from",
        from.host.empty() || rule.is_named() ? "0.0.0.0" : from.host, from.port,
        from.scheme == "udp"));
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!clash(seen[j], seen[i]))
        continue;
      const auto port = std::to_string(seen[i].port);
      out.push_back({seen[i].path,
                     "port " + port + ", taken by " + seen[j].path,
                     "an address and port of its own",
                     {}});
      break;
    }
  }
}

} // namespace aps::config
