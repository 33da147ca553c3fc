#include "actors/admin/resources/explained_request.hpp"

#include "config/host.hpp"
#include "config/networks.hpp"
#include "config/routing/idn.hpp"
#include "config/streams/stream_url.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace aps::admin {

namespace {

using named_server = std::pair<const std::string, config::server>;

/// Servers that could be meant.
using meant_servers = std::vector<const named_server*>;

// Those at whose port that is; else those that speak its scheme, since a proxy
// or a container may have ports of its own in front; else any.
meant_servers servers_of(const config::node& config,
                         const visitor_target& asked) {
  meant_servers out;
  if (asked.is_stream()) { // each takes a CONNECT
    for (const auto& each : config.servers)
      out.push_back(&each);
    return out;
  }
  const auto port = port_of(asked.scheme, asked.port);
  int best = 0;
  for (const auto& each : config.servers) {
    const auto& server = each.second;
    const auto speaks = server.tls.has_value() == (asked.scheme == "https");
    const auto rank = (server.port == port ? 2 : 0) + (speaks ? 1 : 0);
    if (rank > best)
      out.clear();
    best = std::max(best, rank);
    if (rank == best)
      out.push_back(&each);
  }
  return out;
}

bool asks_for_certificates(const config::server& server) {
  return server.tls && !server.tls->client_ca.empty();
}

bool is_too_large(uint64_t bytes, const config::server& server) {
  const auto most = server.http.max_body_bytes;
  return most > 0 && bytes > most;
}

// Whether the answer depends on which of them is asked.
bool differ(const meant_servers& servers,
            const visitor_access::question& asked) {
  const auto& first = servers.front()->second;
  const auto bytes = asked.body_bytes.value_or(0);
  return std::any_of(servers.begin(), servers.end(), [&](const auto* each) {
    const auto& server = each->second;
    return server.access != config::access{}
           || (!asked.certificate.empty()
               && asks_for_certificates(server) != asks_for_certificates(first))
           || is_too_large(bytes, server) != is_too_large(bytes, first);
  });
}

std::string names_of(const meant_servers& servers) {
  std::string out;
  for (const auto* each : servers)
    out.append(out.empty() ? "" : ", ").append(each->first);
  return out;
}

std::string why_no_certificate(const visitor_target& asked,
                               const meant_servers& servers) {
  if (asked.scheme != "https")
    return "a visitor shows a certificate over https alone";
  if (servers.empty()
      || std::any_of(servers.begin(), servers.end(), [](const auto* each) {
           return asks_for_certificates(each->second);
         }))
    return {};
  if (servers.size() == 1)
    return "server " + servers.front()->first
           + " asks for none: it has no tls.client_ca";
  return "servers " + names_of(servers)
         + " ask for none: they have no tls.client_ca";
}

struct wrong_parameter {
  std::string text; ///< empty = none is wrong
  const char* name = "";
};

// What a stream has none of.
wrong_parameter read_stream_parameters(const request& from,
                                       const visitor_target& asked) {
  for (const auto* name : {"header", "origin", "body_bytes"})
    if (from.parameter(name))
      return {"a stream has none", name};
  if (!asked.is_raw())
    return {};
  for (const auto* name : {"user", "certificate"})
    if (from.parameter(name))
      return {"who connects to " + asked.scheme + ":// does not say who it is",
              name};
  if (from.parameter("server"))
    return {"a stream of " + asked.scheme + ":// is found by its port",
            "server"};
  return {};
}

// The ports of mappings are told by number: what a visitor calls the node is
// nothing of theirs.
void find_raw_port(const config::node& config, explained_request& to) {
  auto& asked = to.target;
  if (asked.scheme == "tls") {
    to.access.server = "tls://*:" + std::to_string(asked.port);
    for (const auto& [name, server] : config.servers)
      if (server.tls && server.port == asked.port)
        to.access.server = to.https_server = name;
    return;
  }
  const auto address = config::canonical_ip(asked.host);
  asked.host.clear();
  for (const auto& rule : config.mappings) {
    const auto& at = rule.from;
    if (at.scheme != asked.scheme || at.port != asked.port
        || !(at.host.empty() || address.empty() || at.host == address))
      continue;
    asked.host = at.host;
    break;
  }
  to.access.server = config::url{asked.scheme, asked.host, asked.port}.str();
}

wrong_parameter read_visitor(const request& from, const visitor_access& access,
                             visitor_access::question& to) {
  to.user = from.parameter("user").value_or("");
  if (!to.user.empty() && !access.knows(to.user))
    return {"no user or token has that name", "user"};
  to.certificate = from.parameter("certificate").value_or("");
  if (!to.user.empty() && !to.certificate.empty())
    return {"a request is asked by user or with a certificate", "user"};
  if (const auto ip = from.parameter("from"); ip && !ip->empty()) {
    to.address = config::canonical_ip(*ip);
    if (to.address.empty())
      return {"from is an IP address", "from"};
  }
  return {};
}

wrong_parameter read_server(const request& from, const config::node& config,
                            explained_request& to) {
  if (to.target.is_raw())
    return find_raw_port(config, to), wrong_parameter{};
  auto servers = servers_of(config, to.target);
  if (const auto name = from.parameter("server")) {
    const auto i = config.servers.find(*name);
    if (i == config.servers.end())
      return {"no server has that name", "server"};
    servers = {&*i};
  }
  if (!to.access.certificate.empty())
    if (auto why = why_no_certificate(to.target, servers); !why.empty())
      return {std::move(why), "certificate"};
  if (servers.empty())
    return {};
  if (servers.size() > 1 && differ(servers, to.access))
    return {"several servers could be meant: " + names_of(servers), "server"};
  const auto& [name, server] = *servers.front();
  to.too_large = is_too_large(to.access.body_bytes.value_or(0), server);
  if (servers.size() > 1)
    return {};
  to.access.server = name;
  if (to.target.scheme == "http" && !server.tls)
    to.redirect_https = static_cast<uint16_t>(server.redirect_https);
  return {};
}

wrong_parameter read_head(const request& from, explained_request& to) {
  const auto url = from.parameter("url").value_or("");
  if (const auto problem = read_target(url, to.target); !problem.empty())
    return {std::string(problem), "url"};
  to.target.host = config::canonical_host(to.target.host);
  if (to.target.is_stream()) {
    to.method = config::stream_method(to.target.scheme);
    return read_stream_parameters(from, to.target);
  }
  to.method = from.parameter("method").value_or("GET");
  if (!config::is_token(to.method) || to.method == "CONNECT")
    return {"method is one word, such as GET, HEAD or POST; a CONNECT is asked "
            "as connect://HOST:PORT",
            "method"};
  for (const auto& [name, value] : from.parameters()) {
    if (name != "header")
      continue;
    const auto colon = std::min(value.find(':'), value.size());
    auto text = value.substr(std::min(colon + 1, value.size()));
    text.erase(0, text.find_first_not_of(' '));
    if (colon == value.size() || !config::is_token(value.substr(0, colon))
        || !config::is_clean(text))
      return {"header is a field such as Accept: text/html", "header"};
    to.headers.push_back({value.substr(0, colon), std::move(text)});
  }
  const auto origin = from.parameter("origin");
  if (origin && origin->empty())
    return {"origin is that of a page, or left out", "origin"};
  to.origin = origin.value_or("");
  return {};
}

} // namespace

namespace {

// The host in ASCII, as who asks would have it; else it stays as it is.
std::string with_ascii_host(std::string_view authority) {
  const auto end = std::min(authority.find(':'), authority.size());
  auto host = config::ascii_host(authority.substr(0, end));
  return host.empty() ? std::string{authority}
                      : std::move(host.append(authority.substr(end)));
}

// Behind the scheme.
std::string_view read_stream_target(std::string_view url, visitor_target& to) {
  to.path.clear();
  if (url.find_first_of("/?#@") != url.npos)
    return "a stream has a host and a port, and nothing else";
  // Of a port of the node, the address may be left out.
  const auto anywhere = url.starts_with(':') && to.scheme != "connect";
  const auto authority
    = with_ascii_host((anywhere ? "a" : "") + std::string{url});
  std::string_view host;
  const auto problem = config::read_authority(authority, host, to.port);
  to.host = anywhere ? std::string_view{} : host;
  if (problem.empty() && to.port == 0)
    return "a stream is told by its port, as in tcp://:2222";
  return problem;
}

} // namespace

std::string_view read_target(std::string_view url, visitor_target& to) {
  const auto end = url.find("://");
  to.scheme = config::lower_case(url.substr(0, end));
  if (end == url.npos
      || (to.scheme != "http" && to.scheme != "https" && !to.is_stream()))
    return "url is an absolute URL of http, https, tcp, udp, tls or connect";
  url.remove_prefix(end + 3);
  if (to.is_stream())
    return read_stream_target(url, to);
  url = url.substr(0, url.find('#'));
  const auto slash = std::min(url.find_first_of("/?"), url.size());
  to.path = url.substr(slash);
  if (!to.path.starts_with('/'))
    to.path.insert(0, "/");
  if (std::any_of(to.path.begin(), to.path.end(),
                  [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return "url has a blank or a control character, which a visitor cannot "
           "send; percent-encode it";
  if (url.substr(0, slash).find('@') != url.npos)
    return "a URL has no user and password here; who asks stands in user";
  std::string_view host;
  const auto authority = with_ascii_host(url.substr(0, slash));
  const auto problem = config::read_authority(authority, host, to.port);
  to.host = host;
  return problem;
}

uint16_t port_of(std::string_view scheme, uint16_t port) {
  return port != 0 ? port : scheme == "https" ? 443 : 80;
}

std::optional<explained_request>
read_explained_request(const request& from, const config::node& config,
                       const visitor_access& access) {
  explained_request out;
  auto wrong = read_head(from, out);
  if (wrong.text.empty())
    wrong = read_visitor(from, access, out.access);
  if (wrong.text.empty() && from.parameter("body_bytes")) {
    const auto bytes = from.number("body_bytes", SIZE_MAX);
    if (!bytes)
      return std::nullopt; // it is answered
    out.access.body_bytes = *bytes;
  }
  if (wrong.text.empty())
    wrong = read_server(from, config, out);
  if (wrong.text.empty())
    return out;
  from.problem(400, wrong.text, wrong.name);
  return std::nullopt;
}

} // namespace aps::admin
