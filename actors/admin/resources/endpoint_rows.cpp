#include "actors/admin/resources/endpoint_rows.hpp"

#include <numeric>

namespace aps::admin {

using nlohmann::json;

endpoint_choice read_named_endpoints(const call& call) {
  endpoint_choice out;
  out.tunnel = call.parameter("tunnel");
  out.endpoint = call.parameter("endpoint");
  out.names = search{call.parameter("search").value_or("")};
  return out;
}

std::optional<endpoint_choice> read_endpoint_choice(const call& call) {
  auto out = read_named_endpoints(call);
  const auto each = call.number("each", endpoint_choice::all);
  const auto limit = each ? call.number("limit", endpoint_choice::all) : each;
  if (!limit)
    return std::nullopt;
  out.each = *each;
  out.limit = *limit;
  out.connections = call.parameter("connections") != "0";
  return out;
}

std::vector<endpoint_row> rows_of(const node_snapshot& now) {
  std::vector<endpoint_row> out;
  for (const auto& tunnel : now.tunnels) {
    const auto& all = tunnel.endpoints;
    if (all.empty())
      out.push_back({&tunnel});
    for (size_t i = 0; i < all.size(); ++i)
      out.push_back({&tunnel, &all[i], i == 0, i + 1 == all.size()});
  }
  return out;
}

json show_summary(const tunnel_sums& sums) {
  const auto count = [&](concern which) {
    return sums.by_concern[static_cast<size_t>(which)];
  };
  const auto& matching = sums.matching;
  uint32_t connections = 0;
  for (const auto& pools : sums.pools)
    connections += pools.connections;
  return {{"endpoints", sums.endpoints},
          {"matching", std::accumulate(matching.begin(), matching.end(), 0u)},
          {"down", count(concern::down)},
          {"impaired", count(concern::impaired)},
          {"recovering", count(concern::recovering)},
          {"with_short_pool", count(concern::pool)},
          {"connections", connections},
          {"in_flight", sums.in_flight}};
}

} // namespace aps::admin
