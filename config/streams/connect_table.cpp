#include "config/streams/connect_table.hpp"

#include "config/streams/stream_url.hpp"

#include <algorithm>
#include <tuple>

namespace aps {

namespace {

// The lesser goes before.
auto rank_of(const route& of) {
  const auto& from = of.rule.from;
  const bool wild = from.host.starts_with('*');
  return std::tuple{wild, -static_cast<int>(wild ? from.host.size() : 0),
                    from.port == 0, of.index};
}

} // namespace

connect_table::connect_table(
  const std::vector<config::mapping>& mappings,
  const std::map<std::string, config::tunnel>& tunnels) {
  for (size_t i = 0; i < mappings.size(); ++i)
    if (mappings[i].from.scheme == "connect")
      routes_.push_back(std::make_shared<const route>(with_windows(
        {.index = i, .rule = mappings[i], .identity = identity_of(mappings[i])},
        tunnels)));
  std::sort(routes_.begin(), routes_.end(), [](const auto& x, const auto& y) {
    return rank_of(*x) < rank_of(*y);
  });
}

std::optional<size_t> connect_table::position_of(uint64_t identity) const {
  const auto found
    = std::find_if(routes_.begin(), routes_.end(), [&](const auto& each) {
        return each->identity == identity;
      });
  return found == routes_.end() ? std::nullopt : std::optional{(*found)->index};
}

route_ptr connect_table::find(std::string_view host, uint16_t port) const {
  const auto found
    = std::find_if(routes_.begin(), routes_.end(), [&](const auto& each) {
        return config::takes_connect(each->rule.from, host, port);
      });
  return found == routes_.end() ? nullptr : *found;
}

std::vector<route_ptr> connect_table::matches(std::string_view host,
                                              uint16_t port) const {
  std::vector<route_ptr> out;
  for (const auto& each : routes_)
    if (config::takes_connect(each->rule.from, host, port))
      out.push_back(each);
  return out;
}

} // namespace aps
