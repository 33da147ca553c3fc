#include "actors/admin/resources/explain.hpp"

#include "actors/admin/resources/explained_request.hpp"
#include "actors/admin/router.hpp"
#include "actors/base/transports.hpp"
#include "config/access/web_origins.hpp"
#include "config/host.hpp"
#include "config/path.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <set>

namespace aps::admin {

using nlohmann::json;

namespace {

std::string_view without_query(std::string_view path) {
  return path.substr(0, path.find('?'));
}

std::string why_it_won(const route_table& routes, const route& winner,
                       const visitor_target& asked) {
  const auto& path = winner.rule.from.path;
  const auto length = path == "/" ? 0 : path.size();
  auto count = routes.count(asked.scheme, asked.host, asked.port, asked.path,
                            length);
  // A mapping that names no port is for every port of the node.
  if (port_of(asked.scheme, asked.port) != port_of(asked.scheme, 0)) {
    const auto any = routes.count(asked.scheme, asked.host, 0, asked.path,
                                  length);
    count.all += any.all;
    count.as_long += any.as_long;
  }
  if (count.all <= 1)
    return "the only match";
  if (count.as_long <= 1)
    return "the longest path of " + std::to_string(count.all) + " matches";
  return "the first of " + std::to_string(count.as_long)
         + " matches with the longest path";
}

/// One mapping beside a request, as `route_table` sees the two.
struct comparison {
  bool host = false; ///< and port
  bool path = false;

  comparison(const config::url& from, const visitor_target& asked)
      : host(config::canonical_host(from.host) == asked.host
             && (port_of(from.scheme, from.port)
                   == port_of(asked.scheme, asked.port)
                 || (asked.port != 0
                     && port_of(from.scheme, from.port)
                          == port_of(asked.scheme, 0)))) {
    const std::string_view asked_path = without_query(asked.path);
    const auto prefix = from.path == "/" ? std::string_view{}
                                          : std::string_view{from.path};
    path = asked_path.starts_with(prefix)
           && (prefix.empty() || prefix.size() == asked_path.size()
               || prefix.back() == '/' || asked_path[prefix.size()] == '/');
  }
};

std::string why_not(const config::mapping& rule, const visitor_target& asked,
                    const comparison& with) {
  if (rule.from.scheme != asked.scheme)
    return "another scheme: " + rule.from.scheme;
  if (!with.host)
    return "another host or port: " + rule.from.authority();
  return "the path does not begin with " + rule.from.path;
}

// Precondition: `asked.host` is canonical.
json show_candidate(const route_table& routes, const config::mapping& rule,
                    size_t index, const route* winner,
                    const visitor_target& asked) {
  const comparison with{rule.from, asked};
  const auto matches = rule.from.scheme == asked.scheme && with.host
                       && with.path;
  const auto wins = winner && winner->index == index;
  std::string why;
  if (wins)
    why = why_it_won(routes, *winner, asked);
  else if (!matches)
    why = why_not(rule, asked, with);
  else if (!winner)
    why = "matches, but does not take the path. "
          + std::string(why_no_route(routes, asked.scheme, asked.host,
                                     asked.port, asked.path));
  else if (winner && winner->rule.from.path.size() > rule.from.path.size())
    why = "matches, but mapping " + std::to_string(winner->index)
          + " has a longer path";
  else
    why = "matches, but mapping " + std::to_string(winner ? winner->index : 0)
          + " stands before it or names the port";
  return {{"index", index},       {"from", rule.from.str()},
          {"to", rule.to.str()},  {"matches", matches},
          {"wins", wins},         {"why", why}};
}

std::string why_chosen(const controller_snapshot& state) {
  const auto by_hand = state.mode;
  return by_hand && state.choice == by_hand
           ? "chosen by hand"
           : "in state " + state.state + " (" + state.reason + ")";
}

// Why the agents of an endpoint are passed over by a mapping: all of them, or
// some. Empty = none of them is.
std::string why_passed_over(size_t mapping, const endpoint_snapshot& endpoint,
                            bool& all) {
  std::set<std::string_view> sessions;
  for (const auto& pool : endpoint.controller.pools)
    for (const auto& member : pool.members)
      sessions.insert(member.session);
  const auto agents = sessions.size();
  std::string why;
  for (const auto& one : endpoint.unhealthy) {
    if (one.mapping != mapping || sessions.erase(one.session) == 0)
      continue;
    if (why.empty())
      why = one.down ? "its target is down by checks: " + one.reason
                     : "its target refused requests: " + one.reason;
  }
  all = sessions.empty();
  if (!why.empty() && !all)
    why += " (" + std::to_string(agents - sessions.size()) + " of "
           + std::to_string(agents) + " agents)";
  return why;
}

json show_endpoint(const config::mapping& rule, size_t mapping,
                   const endpoint_snapshot& endpoint) {
  const auto allowed = rule.endpoints.empty()
                       || std::find(rule.endpoints.begin(),
                                    rule.endpoints.end(), endpoint.name)
                            != rule.endpoints.end();
  const auto& choice = endpoint.controller.choice;
  bool all = false;
  const auto passed_over = why_passed_over(mapping, endpoint, all);
  return {{"name", endpoint.name},
          {"could_serve", allowed && !endpoint.drained && choice},
          {"why", !allowed             ? "the mapping does not name it"
                  : endpoint.drained   ? "drained by an operator"
                  : choice && !passed_over.empty() ? passed_over
                  : choice             ? "has live connections"
                  : endpoint.live == 0 ? "no live connection"
                                       : "no live gRPC connection, and "
                                         "fallback is off"},
          {"healthy", passed_over.empty() || !all},
          {"live_connections", endpoint.live},
          {"in_flight", endpoint.in_flight},
          {"transport", choice ? to_string(*choice) : ""},
          {"transport_why", choice ? why_chosen(endpoint.controller)
                                   : "no live connection"}};
}

// `first` becomes one that would serve; without a healthy one any of them.
json show_tunnels_of(const route& via, const config::node& config,
                     const node_snapshot& now, std::string& first) {
  const auto& rule = via.rule;
  auto out = json::array();
  bool healthy = false;
  for (const auto& name : rule.tunnels) {
    const auto settings = config.tunnels.find(name);
    auto endpoints = json::array();
    std::string problem;
    for (const auto& tunnel : now.tunnels) {
      if (tunnel.name != name)
        continue;
      problem = tunnel.problem;
      for (const auto& endpoint : tunnel.endpoints) {
        endpoints.push_back(show_endpoint(rule, via.index, endpoint));
        const auto& shown = endpoints.back();
        if (!shown["could_serve"] || healthy
            || (!first.empty() && !shown["healthy"]))
          continue;
        healthy = shown["healthy"];
        first = name + "." + endpoint.name + " over "
                + shown["transport"].get<std::string>();
      }
    }
    out.push_back({{"name", name},
                   {"enabled", settings != config.tunnels.end()
                                 && settings->second.enabled},
                   {"problem", problem},
                   {"endpoints", std::move(endpoints)}});
  }
  return out;
}

using access_question = visitor_access::question;

json show_access(const access_question& asked,
                 const visitor_access::explanation& told) {
  return {{"outcome", to_string(told.result)},
          {"reason", told.reason},
          {"user", told.user},
          {"server", asked.server},
          {"from", asked.address}};
}

// Why a page of `origin` may not open a WebSocket there; "" = it may.
std::string why_foreign(const config::mapping& rule, size_t mapping,
                        const std::string& origin,
                        const visitor_target& asked) {
  if (origin.empty()
      || config::allows(rule.origins, origin,
                        {asked.host, asked.port, asked.scheme == "https"}))
    return {};
  return "mappings[" + std::to_string(mapping)
         + "].origins does not let a page of " + foreign_text(origin)
         + " open a WebSocket";
}

json finished(json out, outcome result, const std::string& summary) {
  out["outcome"] = to_string(result);
  out["status"] = result == outcome::ok ? 0 : status_of(result);
  out["summary"] = summary;
  return out;
}

std::string too_large(const access_question& asked) {
  return "refused: more than http.max_body_bytes"
         + (asked.server.empty() ? std::string{}
                                 : " of server " + asked.server);
}

/// All of an explanation but its candidates.
json explain(const std::string& url, const explained_request& request,
             const context& context, const config::node& config,
             const route* found, const node_snapshot& now) {
  const auto& asked = request.target;
  json out{{"url", url},
           {"method", request.method},
           {"mapping", nullptr},
           {"target", ""},
           {"direct", false},
           {"balance", ""},
           {"tunnels", json::array()}};
  auto outcome = outcome::ok;
  std::string summary;
  const auto access
    = context.node->access->explain(request.access, found, clock_type::now());
  out["access"] = show_access(request.access, access);
  // A size that is announced counts before all else.
  if (request.too_large) {
    outcome = outcome::body_too_large;
    summary = too_large(request.access);
  } else if (auto why = found ? why_foreign(found->rule, found->index,
                                            request.origin, asked)
                              : std::string{};
             !why.empty()) {
    outcome = outcome::foreign_origin; // before anybody is counted
    summary = "refused: " + std::move(why);
  } else if (access.result != outcome::ok) {
    outcome = access.result;
    summary = "refused: " + access.reason;
  }
  if (!found && outcome == outcome::ok) {
    if (request.redirect_https != 0) {
      out = finished(
        std::move(out), outcome::ok,
        "sent to " + config::https_origin(asked.host, request.redirect_https)
          + foreign_text(asked.path));
      out["status"] = 308;
      return out;
    }
    outcome = outcome::no_mapping;
    summary = "no mapping matches";
    if (const auto why = why_no_route(context.routes, asked.scheme, asked.host,
                                      asked.port, asked.path);
        !why.empty())
      summary.append(". ").append(why);
  } else if (found) {
    const auto& rule = found->rule;
    const auto goal
      = rule.to.origin() + foreign_text(found->target_path(asked.path));
    out["mapping"]
      = show_candidate(context.routes, rule, found->index, found, asked);
    out["target"] = goal;
    out["direct"] = rule.tunnels.empty();
    out["balance"] = to_string(rule.balance);
    std::string first;
    out["tunnels"] = show_tunnels_of(*found, config, now, first);
    if (outcome != outcome::ok)
      return finished(std::move(out), outcome, summary);
    summary = "mapping " + std::to_string(found->index) + " to " + goal;
    if (rule.tunnels.empty()) {
      summary += " directly from the node";
    } else if (!first.empty()) {
      summary += " by " + first;
    } else {
      outcome = outcome::no_endpoint;
      summary += ", but no agent could serve it";
    }
  }
  return finished(std::move(out), outcome, summary);
}

} // namespace

std::string why_it_won(const route_table& routes, const route& winner,
                       std::string_view scheme, std::string_view host,
                       std::string_view path) {
  visitor_target asked;
  const auto url = std::string(scheme) + "://" + std::string(host)
                   + std::string(without_query(path));
  if (!read_target(url, asked).empty())
    return "it matches";
  return why_it_won(routes, winner, asked);
}

void get_explanation(const call& call) {
  const auto config_now = call.known().config->get();
  const auto request
    = read_explained_request(call, *config_now, *call.known().node->access);
  if (!request)
    return;
  const auto url = foreign_text(call.parameter("url").value_or(""));
  call.with_node([call, url, request = *request](const node_snapshot_ptr& now) {
    const auto& asked = request.target;
    const auto config = call.known().config->get();
    const auto& routes = call.known().routes;
    const auto found
      = find_route(routes, asked.scheme, asked.host, asked.port, asked.path);
    long_text body;
    body.text(
      opened(explain(url, request, call.known(), *config, found.get(), *now))
      + "\n\"candidates\":[");
    body.pieces(
      config->mappings.size(),
      [config, found, asked, routes,
       between = separator{}](size_t i, std::string& to) mutable {
        between(to);
        to += on_a_line(
          show_candidate(routes, config->mappings[i], i, found.get(), asked));
      },
      500);
    call.answer_in_steps(std::move(body.text("]}\n")));
  });
}

} // namespace aps::admin
