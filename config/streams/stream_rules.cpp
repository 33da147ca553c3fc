#include "config/streams/stream_rules.hpp"

#include "config/host.hpp"
#include "config/networks.hpp"
#include "config/streams/tls_names.hpp"
#include "config/syntax/text.hpp"

#include <string>
#include <vector>

namespace aps::config {

namespace {

// Of mappings of requests; a login service needs a page.
constexpr const char* of_requests[] = {"allow_encoded_slash",
                                       "hsts",
                                       "http2",
                                       "tls",
                                       "origins",
                                       "health",
                                       "retry",
                                       "cc",
                                       "timeouts",
                                       "forward_auth",
                                       "match",
                                       "host",
                                       "translate",
                                       "path",
                                       "query",
                                       "request_headers",
                                       "response_headers"};

} // namespace

void check_stream(reader& in, mapping& to) {
  const auto& scheme = to.from.scheme;
  const auto raw = to.is_raw();
  const auto stream = to.is_stream();
  const std::string meant = scheme == "udp" ? "udp" : "tcp";
  if (to.to.scheme.empty() || scheme.empty())
    return; // one of both is wrong already
  if (stream && meant == "tcp" && !to.to.socket.empty())
    to.to.scheme = "tcp";
  const auto fits = stream ? to.to.scheme == meant
                           : to.to.scheme == "http" || to.to.scheme == "https";
  if (!fits) {
    in.fail(in.path("to"), quote(to.to.str()),
            !stream ? "a URL of HTTP, because `from` is one"
                    : meant + "://host:port"
                        + (meant == "tcp" ? " or unix:/path" : "")
                        + ", because `from` is " + scheme + "://");
    return;
  }
  read_alpn(in, to);
  if (!stream)
    return;
  for (const auto* key : of_requests)
    if (in.member(key))
      in.fail(in.path(key), in.found(key),
              "nothing, because it is for requests, and not for streams");
  if (raw && in.member("require"))
    in.fail(in.path("require"), "an object",
            "nothing, because who connects does not say who it is; use allow "
            "and deny");
  if (to.accept_proxy && scheme != "tcp")
    in.fail(in.path("accept_proxy"), "true",
            to.is_named() ? "false: proxy_protocol of a server at that port "
                            "does it"
                          : "false: it is for tcp:// alone");
  if (to.proxy_protocol != proxy_protocol::off && scheme == "udp")
    in.fail(in.path("proxy_protocol"), in.found("proxy_protocol"),
            "off: it is for connections, and not for datagrams");
}

void check_stream_tunnels(const node& all, problems& out) {
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto& rule = all.mappings[i];
    const auto path = element_path("$.mappings", i);
    if (!rule.is_raw())
      continue;
    if (rule.accept_proxy && !rule.is_named() && all.trusted_proxies.empty())
      out.push_back({path + ".accept_proxy",
                     "true",
                     "the addresses of the proxies in trusted_proxies, because "
                     "only they may speak the PROXY protocol",
                     {}});
    for (const auto& name : rule.tunnels) {
      const auto found = all.tunnels.find(name);
      if (found != all.tunnels.end()
          && (found->second.access.require
              || found->second.access.forward_auth))
        out.push_back({path + ".via.tunnels",
                       quote(name) + ", which asks visitors who they are",
                       "a tunnel without require and forward_auth, because "
                       "who connects does not say who it is",
                       {}});
    }
  }
}

namespace {

// One text per address; what is connected to at none is this machine.
std::string reached(std::string_view host) {
  const auto text = canonical_host(host);
  const auto ip = canonical_ip(text);
  if (text == "localhost" || ip == "0.0.0.0")
    return "127.0.0.1";
  return ip == "::" ? "::1" : ip.empty() ? text : ip;
}

bool listens_everywhere(std::string_view host) {
  const auto ip = canonical_ip(canonical_host(host));
  return host.empty() || ip == "0.0.0.0" || ip == "::";
}

// Whether something that the name or pattern `one` is for is below `other`.
bool is_within(const std::string& one, const std::string& other) {
  if (one == other || other == "*")
    return true;
  return other.starts_with("*.") && is_below(one, other.substr(2));
}

// Whether what `rule` sends to the port of `other` can be for it. TLS that
// goes on as it is asks for the same name again.
bool takes(const mapping& other, const mapping& rule,
           const std::string& target) {
  if (!other.is_named())
    return listens_everywhere(other.from.host)
             ? is_loopback(target)
             : reached(other.from.host) == target;
  if (!is_loopback(target))
    return false;
  const auto name = tls_name(other);
  return !rule.is_named() || is_within(name, tls_name(rule))
         || is_within(tls_name(rule), name);
}

bool leads_to(const mapping& rule, const mapping& other) {
  if (!rule.is_raw() || !rule.tunnels.empty() || !rule.to.socket.empty()
      || rule.terminate || !other.is_raw() || other.from.port != rule.to.port
      || (other.from.scheme == "udp") != (rule.to.scheme == "udp"))
    return false;
  return takes(other, rule, reached(rule.to.host));
}

// Whether visitors of that mapping can come back to it.
bool is_circle(const node& all, size_t start) {
  std::vector<bool> seen(all.mappings.size());
  std::vector<size_t> next{start};
  while (!next.empty()) {
    const auto& rule = all.mappings[next.back()];
    next.pop_back();
    for (size_t i = 0; i < seen.size(); ++i)
      if (!seen[i] && leads_to(rule, all.mappings[i])) {
        seen[i] = true;
        next.push_back(i);
      }
  }
  return seen[start];
}

} // namespace

void check_stream_loops(const node& all, problems& out) {
  for (size_t i = 0; i < all.mappings.size(); ++i)
    if (all.mappings[i].is_raw() && is_circle(all, i))
      out.push_back(
        {element_path("$.mappings", i) + ".to",
         quote(all.mappings[i].to.str()) + ", which leads back to its own port",
         "another target",
         {}});
}

} // namespace aps::config
