#include "config/streams/tls_names.hpp"

#include "config/host.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <map>

namespace aps::config {

namespace {

constexpr size_t most_protocols = 16;

bool is_protocol(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f; });
}

// Why the port of a mapping is none for it; empty = it is good.
std::string why_not_there(const node& all, const mapping& rule) {
  const auto port = std::to_string(rule.from.port);
  const auto served
    = std::any_of(all.servers.begin(), all.servers.end(), [&](const auto& one) {
        return one.second.port == rule.from.port;
      });
  const auto asks = [&](const auto& entry) {
    return entry.second.port == rule.from.port && entry.second.access.require;
  };
  if (find_tls_server(all, rule.from.port)) {
    if (rule.from.host == "*")
      return "a name, or a port of its own: what has no name at port " + port
             + " is for its server";
    return std::any_of(all.servers.begin(), all.servers.end(), asks)
             ? "a server without require at port " + port
                 + ", because who connects does not say who "
                   "it is"
             : "";
  }
  if (served)
    return "tls at the server that has port " + port + ", or a port of its own";
  return rule.terminate ? "a server with tls at port " + port
                            + ", whose certificates TLS ends with"
                        : "";
}

} // namespace

void read_alpn(reader& in, mapping& to) {
  constexpr auto allowed
    = "protocols such as \"postgresql\", visible ASCII (RFC 7301)";
  in.strings("alpn", to.alpn, {true, nullptr, allowed});
  if (!std::all_of(to.alpn.begin(), to.alpn.end(), is_protocol))
    in.fail(in.path("alpn"), in.found("alpn"), allowed);
  if (to.alpn.size() > most_protocols)
    in.fail(in.path("alpn"), in.found("alpn"), "no more than 16 protocols");
  if (to.terminate && !to.is_named() && !to.from.scheme.empty())
    in.fail(in.path("terminate"), "true", "false: it is for tls:// alone");
  if (in.member("alpn") && !to.terminate)
    in.fail(in.path("alpn"), in.found("alpn"),
            "nothing, unless `terminate` is true");
}

const server* find_tls_server(const node& all, uint16_t port) {
  for (const auto& [name, server] : all.servers)
    if (server.tls && server.port == port)
      return &server;
  return nullptr;
}

std::vector<uint16_t> tls_server_ports(const node& all) {
  std::vector<uint16_t> out;
  for (const auto& [name, server] : all.servers)
    if (server.tls)
      out.push_back(server.port);
  return out;
}

std::string tls_name(const mapping& rule) {
  return canonical_host(rule.from.host);
}

void check_tls_names(const node& all, problems& out) {
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto& rule = all.mappings[i];
    if (!rule.is_named())
      continue;
    const auto path = element_path("$.mappings", i) + ".from";
    const auto [first, added]
      = seen.emplace(authority(tls_name(rule), rule.from.port), i);
    if (!added)
      out.push_back({path,
                     "the same as " + element_path("$.mappings", first->second),
                     "a name or port of its own",
                     {}});
    else if (auto wanted = why_not_there(all, rule); !wanted.empty())
      out.push_back({path, quote(rule.from.str()), std::move(wanted), {}});
  }
}

} // namespace aps::config
