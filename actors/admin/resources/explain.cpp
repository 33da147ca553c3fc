#include "actors/admin/resources/explain.hpp"

#include "actors/admin/router.hpp"
#include "actors/base/transports.hpp"
#include "config/access/web_origins.hpp"
#include "config/host.hpp"
#include "config/networks.hpp"
#include "config/path.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace aps::admin {

using nlohmann::json;

namespace {

/// An address split as `route_table` wants it.
struct target {
  std::string scheme;
  std::string host;
  uint16_t port = 0; ///< 0 = none was given
  std::string path = "/";
};

// Takes what the node takes from a visitor. Returns why not, or "".
std::string_view read_target(std::string_view url, target& to) {
  const auto end = url.find("://");
  to.scheme = config::lower_case(url.substr(0, end));
  if (end == url.npos || (to.scheme != "http" && to.scheme != "https"))
    return "url is an absolute http or https URL";
  url.remove_prefix(end + 3);
  url = url.substr(0, url.find('#'));
  const auto slash = std::min(url.find_first_of("/?"), url.size());
  to.path = url.substr(slash);
  if (!to.path.starts_with('/'))
    to.path.insert(0, "/");
  if (std::any_of(to.path.begin(), to.path.end(),
                  [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return "url has a blank or a control character, which a visitor cannot "
           "send; percent-encode it";
  std::string_view host;
  const auto problem
    = config::read_authority(url.substr(0, slash), host, to.port);
  to.host = host;
  return problem;
}

std::string_view without_query(std::string_view path) {
  return path.substr(0, path.find('?'));
}

uint16_t port_of(std::string_view scheme, uint16_t port) {
  return port != 0 ? port : scheme == "https" ? 443 : 80;
}

std::string why_it_won(const route_table& routes, const route& winner,
                       const target& asked) {
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

  comparison(const config::url& from, const target& asked)
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

std::string why_not(const config::mapping& rule, const target& asked,
                    const comparison& with) {
  if (rule.from.scheme != asked.scheme)
    return "another scheme: " + rule.from.scheme;
  if (!with.host)
    return "another host or port: " + rule.from.authority();
  return "the path does not begin with " + rule.from.path;
}

// Precondition: `asked.host` is canonical.
json show_candidate(const route_table& routes, const config::mapping& rule,
                    size_t index, const route* winner, const target& asked) {
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
          + std::string(config::render(config::risk_of(asked.path)));
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
  const auto by_hand = transport_of(state.mode);
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

// The server at whose port that is, or the only one; "" = any could be meant.
std::string server_of(const config::node& config, const target& asked) {
  const auto port = port_of(asked.scheme, asked.port);
  for (const auto& [name, server] : config.servers)
    if (server.port == port)
      return name;
  return config.servers.size() == 1 ? config.servers.begin()->first
                                    : std::string{};
}

/// Who asks, by the parameters; answers by itself when they make no sense.
std::optional<access_question> read_access_question(const call& call,
                                                    const target& asked) {
  const auto config = call.where().config->get();
  const auto problem = [&](const std::string& text, const char* parameter) {
    call.problem(400, text, parameter);
    return std::nullopt;
  };
  access_question out;
  out.server = call.parameter("server").value_or(server_of(*config, asked));
  if (call.parameter("server") && !config->servers.contains(out.server))
    return problem("no server has that name", "server");
  out.user = call.parameter("user").value_or("");
  if (!out.user.empty() && !call.where().node->access->knows(out.user))
    return problem("no user or token has that name", "user");
  out.certificate = call.parameter("certificate").value_or("");
  if (!out.user.empty() && !out.certificate.empty())
    return problem("a request is asked by user or with a certificate", "user");
  if (const auto from = call.parameter("from"); from && !from->empty()) {
    out.address = config::canonical_ip(*from);
    if (out.address.empty())
      return problem("from is an IP address", "from");
  }
  if (call.parameter("body_bytes")) {
    const auto bytes = call.number("body_bytes", SIZE_MAX);
    if (!bytes)
      return std::nullopt;
    out.body_bytes = *bytes;
  }
  return out;
}

// Why a page of `origin` may not open a WebSocket there; "" = it may.
std::string why_foreign(const config::mapping& rule, size_t mapping,
                        const std::string& origin, const target& asked) {
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

/// All of an explanation but its candidates.
json explain(const std::string& url, const target& asked,
             const std::string& method, const access_question& who,
             const std::string& origin, const context& context,
             const config::node& config, const route* found,
             const node_snapshot& now) {
  json out{{"url", url},
           {"method", method},
           {"mapping", nullptr},
           {"target", ""},
           {"direct", false},
           {"balance", ""},
           {"tunnels", json::array()}};
  auto outcome = outcome::ok;
  std::string summary;
  const auto access
    = context.node->access->explain(who, found, clock_type::now());
  out["access"] = show_access(who, access);
  if (access.result != outcome::ok) {
    outcome = access.result;
    summary = "refused: " + access.reason;
  }
  if (!found && outcome == outcome::ok) {
    outcome = outcome::no_mapping;
    summary = "no mapping matches";
    if (const auto why = config::render(config::risk_of(asked.path));
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
    if (auto why = why_foreign(rule, found->index, origin, asked);
        outcome == outcome::ok && !why.empty()) {
      outcome = outcome::foreign_origin;
      summary = "refused: " + std::move(why);
    }
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
  target asked;
  const auto url = std::string(scheme) + "://" + std::string(host)
                   + std::string(without_query(path));
  if (!read_target(url, asked).empty())
    return "it matches";
  return why_it_won(routes, winner, asked);
}

void get_explanation(const call& call) {
  const auto url = call.parameter("url").value_or("");
  target asked;
  if (const auto problem = read_target(url, asked); !problem.empty())
    return call.problem(400, std::string(problem), "url");
  const auto method = call.parameter("method").value_or("GET");
  asked.host = config::canonical_host(asked.host);
  const auto who = read_access_question(call, asked);
  if (!who)
    return;
  call.with_node([call, url = foreign_text(url), asked, method,
                  origin = call.parameter("origin").value_or(""),
                  who = *who](const node_snapshot_ptr& now) {
    const auto config = call.where().config->get();
    const auto& routes = call.where().routes;
    const auto found = find_route(routes, asked.scheme, asked.host, asked.port,
                                  asked.path);
    long_text body;
    body.text(opened(explain(url, asked, method, who, origin, call.where(),
                             *config, found.get(), *now))
              + "\n\"candidates\":[");
    body.pieces(config->mappings.size(),
                [config, found, asked, routes,
                 between = separator{}](size_t i, std::string& to) mutable {
                  between(to);
                  to += on_a_line(show_candidate(routes, config->mappings[i],
                                                 i, found.get(), asked));
                },
                500);
    call.answer_in_steps(std::move(body.text("]}\n")));
  });
}

} // namespace aps::admin
