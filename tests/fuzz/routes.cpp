// The index of mappings against a search through all of them by the rules that
// config/README.md gives.
#include "tests/fuzz/fuzz.hpp"

#include "config/host.hpp"
#include "config/routing/routes.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace aps;

std::string_view path_of(const config::url& from) {
  return from.path == "/" ? std::string_view{} : std::string_view{from.path};
}

uint16_t port_of(uint16_t port, std::string_view scheme) {
  return port != 0 ? port : scheme == "https" ? 443 : 80;
}

bool covers_host(const std::string& from, const std::string& host) {
  if (from == "*")
    return true;
  return from.starts_with("*.")
           ? host.size() > from.size() - 1
               && host.ends_with(config::canonical_host(from.substr(1)))
           : config::canonical_host(from) == host;
}

/// As config/README.md has it: host, port, path; the rest is the file's order.
precedence rank(const config::mapping& rule, size_t index) {
  return precedence_of(route{index, rule});
}

/// Whether a mapping from there is for this request, by whole segments.
bool covers(const config::url& from, std::string_view scheme,
            std::string_view host, uint16_t port, std::string_view path) {
  const auto protocol = config::lower_case(scheme);
  if (config::lower_case(from.scheme) != protocol
      || !covers_host(from.host, config::canonical_host(host))
      || (port_of(from.port, protocol) != port_of(port, protocol)
          && port_of(from.port, protocol) != port_of(0, protocol)))
    return false;
  const auto prefix = path_of(from);
  path = path.substr(0, path.find('?'));
  if (!path.starts_with(prefix))
    return false;
  return prefix.empty() || prefix.size() == path.size()
         || path[prefix.size()] == '/' || prefix.back() == '/';
}

std::optional<size_t> winner_of(const std::vector<config::mapping>& all,
                                std::string_view scheme, std::string_view host,
                                uint16_t port, std::string_view path) {
  std::optional<size_t> best;
  for (size_t i = 0; i < all.size(); ++i)
    if (covers(all[i].from, scheme, host, port, path)
        && (!best || rank(all[i], i) > rank(all[*best], *best)))
      best = i;
  return best;
}

} // namespace

// One line per mapping; the last two are a request's address and its path.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 40) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines.emplace_back(line);
  }
  if (lines.size() < 3)
    return 0;
  const auto path = "/" + lines.back();
  lines.pop_back();
  std::string error;
  const auto asked = config::parse_url(lines.back(), false, error);
  lines.pop_back();
  if (!asked)
    return 0;
  std::vector<config::mapping> all;
  for (const auto& line : lines)
    if (const auto from = config::parse_url(line, true, error)) {
      config::mapping rule;
      rule.from = *from;
      rule.to = {"http", "target", 80, "/t"};
      all.push_back(rule);
    }
  const route_table uut{all};
  for (const auto& where : {path, asked->path}) {
    const auto found
      = uut.find({asked->scheme, asked->host, asked->port, where});
    const auto expected = winner_of(all, asked->scheme, asked->host,
                                    asked->port, where);
    APS_REQUIRE((found != nullptr) == expected.has_value());
    if (!found)
      continue;
    APS_REQUIRE(found->index == *expected);
    const auto target = found->target_path(where);
    APS_REQUIRE(target.starts_with("/t"));
  }
  return 0;
}
