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

bool is_wanted(const config::mapping& rule, const search& wanted) {
  auto names = rule.from.str() + "\n" + rule.to.str();
  for (const auto* list : {&rule.tunnels, &rule.endpoints})
    for (const auto& name : *list)
      names += "\n" + name;
  return wanted.finds(names);
}

/// Mappings of the file, in its order, then those that agents publish.
struct mapping_list {
  size_t count = 0; ///< of all
  std::vector<size_t> configured;
  std::vector<publication> published;

  mapping_list(const config::node& config,
               const std::shared_ptr<publication_table>& published_names,
               const search& wanted)
      : count(config.mappings.size()) {
    for (size_t i = 0; i < config.mappings.size(); ++i)
      if (is_wanted(config.mappings[i], wanted))
        configured.push_back(i);
    if (!published_names)
      return;
    published = published_names->list();
    count += published.size();
    std::erase_if(published, [&](const publication& each) {
      return !is_wanted(each.mapping(), wanted);
    });
  }

  size_t size() const noexcept { return configured.size() + published.size(); }

  void cut(size_t most) {
    configured.resize(std::min(configured.size(), most));
    published.resize(std::min(published.size(), most - configured.size()));
  }
};

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

json show_mapping(const config::mapping& rule, size_t index,
                  const node_snapshot& now) {
  auto out = config::show(rule);
  out["index"] = index;
  out["serving"] = show_serving(rule, index, now);
  return out;
}

// The position in the file is nowhere.
json show_published(const publication& published, const node_snapshot& now) {
  auto out = show_mapping(published.mapping(), published.index, now);
  out["index"] = nullptr;
  out["published"] = {{"url", published.url},
                      {"tunnel", published.by.tunnel},
                      {"endpoint", published.by.endpoint},
                      {"credential", published.by.credential},
                      {"since_ms", published.since * 1000},
                      {"agents", published.agents}};
  return out;
}

} // namespace

void get_mappings(const call& call) {
  const auto limit = call.number("limit", default_limit);
  if (!limit)
    return;
  const auto config = call.known().node->config();
  const search wanted{call.parameter("search").value_or("")};
  const auto chosen = std::make_shared<mapping_list>(
    *config, call.known().node->publications, wanted);
  json head{{"count", chosen->count}, {"matching", chosen->size()}};
  chosen->cut(*limit);
  endpoint_choice all;
  all.controller = false;
  call.with_endpoints(all, [call, config, head,
                            chosen](const node_snapshot_ptr& now) {
    long_text body;
    body.text(opened(head) + "\n\"mappings\":[");
    body.pieces(chosen->size(), [config, chosen, now, between = separator{}](
                                  size_t i, std::string& to) mutable {
      between(to);
      to += on_a_line(
        i < chosen->configured.size()
          ? show_mapping(config->mappings[chosen->configured[i]],
                         chosen->configured[i], *now)
          : show_published(chosen->published[i - chosen->configured.size()],
                           *now));
    });
    call.answer_in_steps(std::move(body.text("]}\n")));
  });
}

} // namespace aps::admin
