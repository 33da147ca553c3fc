#include "config/access/web_origins.hpp"

#include "config/host.hpp"

#include <algorithm>
#include <optional>

namespace aps::config {

namespace {

/// scheme://host[:port] and nothing else (RFC 6454, 6.2).
std::optional<url> parse_origin(std::string_view text) {
  std::string ignored;
  auto result = parse_url(text, false, ignored);
  if (!result || result->h2c || !result->path.empty() || text.ends_with(':'))
    return std::nullopt;
  result->host = canonical_host(result->host);
  return result;
}

struct origin_pattern {
  url at;
  bool below = false; ///< names below its host, not itself
};

std::optional<origin_pattern> parse_pattern(std::string_view text) {
  constexpr std::string_view mark = "://*.";
  const auto wild = text.find(mark);
  if (wild == text.npos) {
    const auto at = parse_origin(text);
    return at ? std::optional{origin_pattern{*at, false}} : std::nullopt;
  }
  const auto at = parse_origin(std::string(text.substr(0, wild + 3))
                               + std::string(text.substr(wild + mark.size())));
  if (!at || is_ipv4(at->host) || is_ipv6(at->host))
    return std::nullopt;
  return origin_pattern{*at, true};
}

bool matches(const origin_pattern& pattern, const url& origin) {
  const auto& host = pattern.at.host;
  if (origin.scheme != pattern.at.scheme || origin.port != pattern.at.port)
    return false;
  return pattern.below ? is_below(origin.host, host) : origin.host == host;
}

} // namespace

bool is_origin_pattern(std::string_view text) {
  return parse_pattern(text).has_value();
}

bool lists_origin(const std::vector<std::string>& patterns,
                  std::string_view origin) {
  const auto known = parse_origin(origin);
  return known
         && std::any_of(patterns.begin(), patterns.end(),
                        [&](const auto& text) {
                          const auto pattern = parse_pattern(text);
                          return pattern && matches(*pattern, *known);
                        });
}

bool is_same_origin(std::string_view origin, const web_address& to) {
  const auto known = parse_origin(origin);
  if (!known || (to.secure && known->scheme != "https"))
    return false;
  const auto usual = known->scheme == "https" ? 443 : 80;
  const auto port = to.port != 0 ? to.port : usual;
  return known->host == canonical_host(to.host) && known->port == port;
}

bool allows(const origin_rule& rule, std::string_view origin,
            const web_address& to) {
  using kind = origin_rule::kind;
  switch (rule.allowed) {
    case kind::any: return true;
    case kind::same: return is_same_origin(origin, to);
    case kind::listed: return lists_origin(rule.patterns, origin);
  }
  return false;
}

} // namespace aps::config
