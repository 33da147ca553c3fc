#include "config/streams/stream_rules.hpp"

#include "config/host.hpp"
#include "config/streams/tls_names.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>

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

// The mapping whose port a direct target is; null = it is somebody else's.
const mapping* next_of(const node& all, const mapping& rule) {
  if (!rule.is_raw() || !rule.tunnels.empty() || !rule.to.socket.empty())
    return nullptr;
  const auto host = rule.to.host == "localhost" ? "127.0.0.1" : rule.to.host;
  const auto is_there = [&](const mapping& other) {
    const auto& at = other.from.host;
    const auto same_protocol
      = (other.from.scheme == "udp") == (rule.to.scheme == "udp");
    return other.is_raw() && !other.is_named() && same_protocol
           && other.from.port == rule.to.port
           && (at.empty() ? is_loopback(host) : at == host);
  };
  const auto found
    = std::find_if(all.mappings.begin(), all.mappings.end(), is_there);
  return found == all.mappings.end() ? nullptr : &*found;
}

} // namespace

void check_stream_loops(const node& all, problems& out) {
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto* at = next_of(all, all.mappings[i]);
    for (size_t laps = 0; at && laps < all.mappings.size(); ++laps) {
      if (at == &all.mappings[i]) {
        out.push_back({element_path("$.mappings", i) + ".to",
                       quote(all.mappings[i].to.str())
                         + ", which leads back to its own port",
                       "another target",
                       {}});
        break;
      }
      at = next_of(all, *at);
    }
  }
}

} // namespace aps::config
