#include "actors/admin/router.hpp"
#include "actors/base/search.hpp"
#include "config/show.hpp"

#include <algorithm>

namespace aps::admin {

using nlohmann::json;

namespace {

constexpr size_t default_limit = 100;

bool contains(const std::vector<std::string>& all, const std::string& name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

std::vector<size_t> matching(const config::node& config,
                             const search& wanted) {
  std::vector<size_t> out;
  for (size_t i = 0; i < config.mappings.size(); ++i) {
    const auto& rule = config.mappings[i];
    auto names = rule.from.str() + "\n" + rule.to.str();
    for (const auto* list : {&rule.tunnels, &rule.endpoints})
      for (const auto& name : *list)
        names += "\n" + name;
    if (wanted.finds(names))
      out.push_back(i);
  }
  return out;
}

// Who could serve it as things are; null = the node itself.
json show_serving(const config::mapping& rule, size_t index,
                  const node_snapshot& now) {
  if (rule.tunnels.empty())
    return nullptr;
  size_t tunnels = 0;
  size_t endpoints = 0;
  size_t live = 0;
  size_t failing = 0;
  size_t unknown = 0;
  for (const auto& tunnel : now.tunnels) {
    if (!contains(rule.tunnels, tunnel.name))
      continue;
    ++tunnels;
    unknown += !tunnel.problem.empty();
    for (const auto& one : tunnel.endpoints) {
      if (!rule.endpoints.empty() && !contains(rule.endpoints, one.name))
        continue;
      ++endpoints;
      live += one.live > 0;
      failing += std::any_of(
        one.unhealthy.begin(), one.unhealthy.end(),
        [&](const auto& target) { return target.mapping == index; });
    }
  }
  return {{"tunnels", tunnels},
          {"endpoints", endpoints},
          {"live", live},
          {"failing", failing},
          {"unknown", unknown}};
}

} // namespace

void get_mappings(const call& call) {
  const auto limit = call.number("limit", default_limit);
  if (!limit)
    return;
  const auto config = call.known().config->get();
  const search wanted{call.parameter("search").value_or("")};
  auto chosen = matching(*config, wanted);
  json head{{"count", config->mappings.size()}, {"matching", chosen.size()}};
  chosen.resize(std::min(chosen.size(), *limit));
  endpoint_choice all;
  all.controller = false;
  call.with_endpoints(all, [call, config, head,
                            chosen](const node_snapshot_ptr& now) {
    long_text body;
    body.text(opened(head) + "\n\"mappings\":[");
    body.pieces(chosen.size(), [config, chosen, now, between = separator{}](
                                 size_t i, std::string& to) mutable {
      const auto& rule = config->mappings[chosen[i]];
      auto shown = config::show(rule);
      shown["index"] = chosen[i];
      shown["serving"] = show_serving(rule, chosen[i], *now);
      between(to);
      to += on_a_line(shown);
    });
    call.answer_in_steps(std::move(body.text("]}\n")));
  });
}

} // namespace aps::admin
