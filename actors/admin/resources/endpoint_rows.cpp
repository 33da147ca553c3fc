#include "actors/admin/resources/endpoint_rows.hpp"

#include <algorithm>
#include <array>

namespace aps::admin {

using nlohmann::json;

namespace {

using endpoint_list = std::vector<const endpoint_snapshot*>;

bool is_short(const pool_snapshot& pool) noexcept {
  return !pool.degraded.empty() || pool.waiting > 0
         || pool.usable < pool.min_size;
}

bool same(const std::optional<std::string>& wish, const std::string& name) {
  return !wish || *wish == name;
}

endpoint_list chosen_of(const tunnel_snapshot& tunnel,
                        const endpoint_choice& choice) {
  endpoint_list out;
  for (const auto& endpoint : tunnel.endpoints)
    if (choice.admits(tunnel, endpoint))
      out.push_back(&endpoint);
  if (choice.in_order_of_concern())
    std::stable_sort(out.begin(), out.end(), [](auto* a, auto* b) {
      return concern_of(*a) < concern_of(*b);
    });
  out.resize(std::min(out.size(), choice.each));
  return out;
}

// Leaves the worst of all lists, each of which has its worst in front.
void keep_worst(std::vector<endpoint_list>& lists, size_t limit) {
  std::vector<size_t> kept(lists.size());
  for (auto now = concern::down; now <= concern::none;
       now = static_cast<concern>(static_cast<int>(now) + 1))
    for (size_t i = 0; i < lists.size(); ++i)
      while (limit > 0 && kept[i] < lists[i].size()
             && concern_of(*lists[i][kept[i]]) == now) {
        ++kept[i];
        --limit;
      }
  for (size_t i = 0; i < lists.size(); ++i)
    lists[i].resize(kept[i]);
}

} // namespace

concern concern_of(const endpoint_snapshot& endpoint) noexcept {
  const auto& controller = endpoint.controller;
  if (endpoint.live == 0)
    return concern::down;
  if (endpoint.drained || !endpoint.unhealthy.empty()
      || controller.state == "fallback")
    return concern::impaired;
  if (controller.state == "probing")
    return concern::recovering;
  const auto& pools = controller.pools;
  return std::any_of(pools.begin(), pools.end(), is_short) ? concern::pool
                                                           : concern::none;
}

bool endpoint_choice::admits(const tunnel_snapshot& of,
                             const endpoint_snapshot& one) const {
  return same(tunnel, of.name) && same(endpoint, one.name)
         && names.finds(of.name + "\n" + one.name);
}

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
  const auto wish = call.parameter("connections").value_or("1");
  if (wish != "0" && wish != "1") {
    call.problem(400, "connections is 0 or 1", "connections", {"0", "1"});
    return std::nullopt;
  }
  out.each = *each;
  out.limit = *limit;
  out.connections = wish == "1";
  return out;
}

std::vector<endpoint_row> rows_of(const node_snapshot& now,
                                  const endpoint_choice& choice) {
  std::vector<endpoint_list> lists;
  for (const auto& tunnel : now.tunnels)
    lists.push_back(chosen_of(tunnel, choice));
  if (choice.limit != endpoint_choice::all)
    keep_worst(lists, choice.limit);
  std::vector<endpoint_row> out;
  for (size_t t = 0; t < lists.size(); ++t) {
    const auto& tunnel = now.tunnels[t];
    if (lists[t].empty())
      out.push_back({&tunnel});
    for (size_t i = 0; i < lists[t].size(); ++i)
      out.push_back({&tunnel, lists[t][i], i == 0, i + 1 == lists[t].size()});
  }
  return out;
}

json show_summary(const tunnel_snapshot& tunnel,
                  const endpoint_choice& choice) {
  std::array<size_t, static_cast<size_t>(concern::none) + 1> concerns{};
  size_t matching = 0;
  size_t connections = 0;
  size_t in_flight = 0;
  for (const auto& one : tunnel.endpoints) {
    ++concerns[static_cast<size_t>(concern_of(one))];
    matching += choice.admits(tunnel, one);
    for (const auto& pool : one.controller.pools)
      connections += pool.members.size();
    in_flight += one.in_flight;
  }
  const auto count = [&](concern which) {
    return concerns[static_cast<size_t>(which)];
  };
  return {{"endpoints", tunnel.endpoints.size()},
          {"matching", matching},
          {"down", count(concern::down)},
          {"impaired", count(concern::impaired)},
          {"recovering", count(concern::recovering)},
          {"with_short_pool", count(concern::pool)},
          {"connections", connections},
          {"in_flight", in_flight}};
}

} // namespace aps::admin
