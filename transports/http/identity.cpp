#include "transports/http/identity.hpp"

#include "transports/http/fields.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace aps {

namespace {

constexpr char as_variable(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    return static_cast<char>(c | 0x20);
  const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return kept ? c : '-';
}

// Everything that begins with one of these.
constexpr std::array<std::string_view, 8> identity_prefixes{
  "x-forwarded-",   // -For, -Host, -Proto, -Port, -Prefix, -Client-Cert, ...
  "x-original-",    // -URL, -Host, -Forwarded-For, ...
  "x-ssl-client-",  "ssl-client-", "x-client-cert", "x-azure-client",
  "x-azure-socket", "cf-connecting-ip",
};

constexpr std::array<std::string_view, 42> identity_names{
  // where a request comes from
  "forwarded", "forwarded-for", "x-forwarded", "x-forward-for",
  "x-real-ip", "x-real-port", "real-ip", "true-client-ip", "client-ip",
  "x-client-ip", "x-cluster-client-ip", "x-true-client-ip", "x-remote-ip",
  "x-remote-addr", "remote-addr", "x-originating-ip", "x-proxyuser-ip",
  "x-envoy-external-address", "x-envoy-internal", "x-appengine-user-ip",
  "x-nf-client-connection-ip", "wl-proxy-client-ip", "fastly-client-ip",
  "fly-client-ip", "do-connecting-ip", "cf-pseudo-ipv4", "cf-visitor",
  "cf-ipcountry", "ali-cdn-real-ip", "cdn-src-ip",
  // who sends it
  "remote-user", "x-remote-user", "x-client-dn", "x-client-verify",
  // how it came, and what it asked for
  "x-scheme", "x-url-scheme", "front-end-https", "x-https", "x-host",
  "x-http-host-override", "x-rewrite-url",
  // a program's proxy setting where fields become variables (CVE-2016-5385)
  "proxy",
};

bool begins_like(std::string_view name, std::string_view prefix) noexcept {
  return name.size() >= prefix.size()
         && same_variable(name.substr(0, prefix.size()), prefix);
}

// First letters and lengths rule most fields out at once.
constexpr bool may_begin_identity(char c) noexcept {
  switch (c) {
    case 'a': case 'c': case 'd': case 'f': case 'p': case 'r': case 's':
    case 't': case 'w': case 'x':
      return true;
    default:
      return false;
  }
}

// The address in an element of X-Forwarded-For: some write a port, too.
std::string address_in(std::string_view element) {
  if (element.starts_with('['))
    return config::canonical_ip(
      element.substr(1, std::max<size_t>(element.find(']'), 1) - 1));
  if (std::count(element.begin(), element.end(), ':') == 1)
    element = element.substr(0, element.find(':'));
  return config::canonical_ip(element);
}

} // namespace

bool same_variable(std::string_view name, std::string_view known) noexcept {
  return name.size() == known.size()
         && std::equal(name.begin(), name.end(), known.begin(),
                       [](char x, char y) { return as_variable(x) == y; });
}

bool is_identity_field(std::string_view name) noexcept {
  if (name.size() < 5 || !may_begin_identity(as_variable(name.front())))
    return false;
  return std::any_of(identity_prefixes.begin(), identity_prefixes.end(),
                     [&](auto x) { return begins_like(name, x); })
         || std::any_of(identity_names.begin(), identity_names.end(),
                        [&](auto x) { return same_variable(name, x); });
}

bool is_own_field(std::string_view name) noexcept {
  return name.size() >= 4 && (name.front() | 0x20) == 'a'
         && begins_like(name, "aps-");
}

bool is_disguised(std::string_view name) noexcept {
  return std::any_of(name.begin(), name.end(), [](char c) {
    return c != '-' && as_variable(c) == '-';
  });
}

bool is_loopback(std::string_view ip) noexcept {
  return ip.starts_with("127.") || ip == "::1";
}

bool was_forwarded(const header_list& headers) noexcept {
  return std::any_of(headers.begin(), headers.end(), [](const header& field) {
    return iequals(field.name, "via") || is_identity_field(field.name);
  });
}

visitor_identity identify(const header_list& headers, std::string_view peer_ip,
                          const config::network_set& trusted) {
  visitor_identity result{std::string{peer_ip}, trusted.contains(peer_ip)};
  if (!result.trusted)
    return result;
  std::vector<std::string_view> hops;
  for (const auto& field : headers)
    if (iequals(field.name, "x-forwarded-for"))
      for_each_element(field.value, [&](auto hop) { hops.push_back(hop); });
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    auto address = address_in(*hop);
    if (address.empty())
      break;
    result.address = std::move(address);
    if (!trusted.contains(result.address))
      break;
  }
  return result;
}

} // namespace aps
