#include "actors/admin/resources/explain.hpp"

#include "actors/admin/resources/explained_request.hpp"
#include "actors/admin/router.hpp"
#include "actors/base/header_fields.hpp"
#include "actors/base/transports.hpp"
#include "config/access/web_origins.hpp"
#include "config/host.hpp"
#include "config/streams/connect_table.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <set>

namespace aps::admin {

using nlohmann::json;

namespace {

/// A request that nobody sent as mappings see it.
struct asked_request {
  asked_request(const explained_request& from,
                const visitor_access::rules_ptr& rules)
      : fields(&from.headers),
        user(rules, from.access), request{.scheme = from.target.scheme,
                                          .host = from.target.host,
                                          .port = from.target.port,
                                          .path = from.target.path,
                                          .method = from.method,
                                          .address = from.access.address,
                                          .fields = &fields,
                                          .user = &user} {}

  asked_request(const asked_request&) = delete;
  asked_request& operator=(const asked_request&) = delete;

  header_fields fields;
  asking_user<visitor_access::question> user;
  route_request request;
};

/// What of all mappings is known about a request: those that match, the most
/// special first, and which of them takes it, if any does.
struct contest {
  std::vector<route_ptr> matches;
  route_ptr winner;                    ///< null = nobody takes it
  std::string_view refusal;            ///< why nobody does although some match

  contest(const route_table& routes, const publication_table* published,
          const route_request& request)
      : matches(routes.matches(request)),
        winner(find_in_effect(routes, published, request)),
        refusal(why_no_route(routes, request)) {}

  /// Of a CONNECT.
  contest(const connect_table& connects, const route_request& request)
      : matches(connects.matches(request.host, request.port)),
        winner(matches.empty() ? nullptr : matches.front()) {}

  const route* find(size_t index) const {
    for (const auto& each : matches)
      if (each->index == index)
        return each.get();
    return nullptr;
  }
};

std::string why_first(const std::vector<route_ptr>& matches) {
  if (matches.size() <= 1)
    return "the only match";
  const auto advantage = advantage_of(*matches[0], *matches[1]);
  if (advantage.empty())
    return "the first of " + std::to_string(matches.size())
           + " matches that are as special";
  return "it has " + std::string{advantage} + " of "
         + std::to_string(matches.size()) + " matches";
}

// One that does not match.
std::string why_not(const config::mapping& rule, const route_request& asked) {
  if (rule.from.scheme != asked.scheme)
    return "another scheme: " + rule.from.scheme;
  if (rule.is_stream())
    return "another host or port: " + rule.from.authority();
  config::mapping alone;
  alone.from = rule.from;
  if (rule.match && route_table{{alone}}.find(asked))
    return route_conditions{*rule.match}.why_not(asked);
  alone.from.path.clear();
  return route_table{{alone}}.find(asked)
           ? "the path does not begin with " + rule.from.path
           : "another host or port: " + rule.from.authority();
}

std::string why_lost(const contest& of, const route& rule) {
  if (!of.winner)
    return "matches, but does not take the path. " + std::string{of.refusal};
  const auto advantage = advantage_of(*of.winner, rule);
  return "matches, but mapping " + std::to_string(of.winner->index)
         + (advantage.empty() ? " stands before it"
                              : " has " + std::string{advantage});
}

json show_candidate(const config::mapping& rule, size_t index,
                    const contest& of, const route_request& asked) {
  const auto* match = of.find(index);
  const auto wins = of.winner && of.winner->index == index;
  return {{"index", index},
          {"from", rule.from.str()},
          {"to", rule.to.str()},
          {"matches", match != nullptr},
          {"wins", wins},
          {"why", wins    ? why_first(of.matches)
                  : match ? why_lost(of, *match)
                          : why_not(rule, asked)}};
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
  // Of what is no request nobody hears a status.
  const auto method = out["method"].get<std::string>();
  const auto silent = method == "TCP" || method == "UDP" || method == "TLS";
  out["status"] = result == outcome::ok || silent ? 0 : status_of(result);
  out["summary"] = summary;
  return out;
}

std::string too_large(const access_question& asked) {
  return "refused: more than http.max_body_bytes"
         + (asked.server.empty() ? std::string{}
                                 : " of server " + asked.server);
}

// What an agent publishes.
json show_published(const route& found) {
  return {{"index", nullptr},
          {"from", found.rule.from.str()},
          {"to", found.rule.to.str()},
          {"matches", true},
          {"wins", true},
          {"why", "no mapping of the file is for this host alone, and endpoint "
                    + foreign_text(found.rule.endpoints.front()) + " of tunnel "
                    + found.rule.tunnels.front() + " publishes it"}};
}

// What else may become of the request.
std::string more_about(const config::mapping& rule) {
  std::string out;
  if (rule.retry) {
    out += "; after ";
    for (const auto status : rule.retry->statuses)
      out += std::to_string(status) + ", ";
    if (rule.retry->connect)
      out += "no connection to the target, ";
    out += "another endpoint, up to " + std::to_string(rule.retry->attempts);
  }
  return rule.cc ? out + "; a copy goes to " + rule.cc->to.origin() : out;
}

std::string goal_of(const route& found, const visitor_target& asked) {
  const auto& rule = found.rule;
  if (rule.answer)
    return "the node's own answer";
  if (rule.goes_anywhere())
    return "tcp://" + config::authority(asked.host, asked.port);
  if (asked.is_stream())
    return rule.to.str();
  return rule.to.origin() + foreign_text(found.target_path(asked.path));
}

/// All of an explanation but its candidates.
json explain(const std::string& url, const explained_request& request,
             const context& context, const configuration& in_effect,
             const contest& rivals, const route_request& meant,
             const node_snapshot& now) {
  const auto& asked = request.target;
  const auto* found = rivals.winner.get();
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
    = in_effect.access ? context.node->access->explain(
        request.access, found, clock_type::now(), in_effect.access)
                       : visitor_access::explanation{};
  out["access"] = show_access(request.access, access);
  if (!found && !request.https_server.empty())
    return finished(
      std::move(out), outcome::ok,
      "no tls:// mapping is for this name: it goes on to HTTPS of server "
        + request.https_server
        + (asked.host.empty()
             ? std::string{}
             : "; https://" + config::authority(asked.host, asked.port)
                 + "/ says what becomes of requests"));
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
    outcome
      = asked.scheme == "connect" && in_effect.connects.empty()
          ? outcome::not_implemented
          : outcome::no_mapping;
    summary = "no mapping matches";
    if (!rivals.refusal.empty())
      summary.append(". ").append(rivals.refusal);
  } else if (found) {
    const auto& rule = found->rule;
    const auto goal = goal_of(*found, asked);
    out["mapping"] = found->declared
                       ? show_published(*found)
                       : show_candidate(rule, found->index, rivals, meant);
    out["target"] = goal;
    out["direct"] = rule.tunnels.empty();
    out["balance"] = to_string(rule.balance);
    std::string first;
    out["tunnels"] = show_tunnels_of(*found, in_effect.config, now, first);
    if (outcome != outcome::ok)
      return finished(std::move(out), outcome, summary);
    summary = found->declared
                ? "published by " + rule.tunnels.front() + "."
                    + foreign_text(rule.endpoints.front()) + ", to " + goal
                : "mapping " + std::to_string(found->index) + " to " + goal;
    if (rule.answer) {
      summary += " (" + std::to_string(rule.answer->status) + ")";
    } else if (rule.tunnels.empty()) {
      summary += " directly from the node";
    } else if (!first.empty()) {
      summary += " by " + first + more_about(rule);
    } else {
      outcome = outcome::no_endpoint;
      summary += ", but no agent could serve it";
    }
  }
  return finished(std::move(out), outcome, summary);
}

} // namespace

std::string why_it_won(const route_table& routes, const route& winner,
                       std::string_view method, const exchange_facts& facts) {
  visitor_target asked;
  const auto path = facts.path.substr(0, facts.path.find('#'));
  if (!read_target(facts.scheme + "://" + facts.host + path, asked).empty()
      || asked.scheme == "connect")
    return "it matches";
  const auto matches = routes.matches({.scheme = asked.scheme,
                                       .host = asked.host,
                                       .port = asked.port,
                                       .path = asked.path,
                                       .method = method,
                                       .address = facts.visitor_address});
  return matches.empty() || matches.front()->index != winner.index
           ? "it matches, by what it asks of requests"
           : why_first(matches);
}

void get_explanation(const call& call) {
  const auto before = call.known().node->config();
  const auto request
    = read_explained_request(call, *before, *call.known().node->access);
  if (!request)
    return;
  const auto url = foreign_text(call.parameter("url").value_or(""));
  call.with_node(
    [call, url, kept = std::make_shared<const explained_request>(*request)](
      const node_snapshot_ptr& now) {
      const auto in_effect = call.known().node->in_effect->get();
      const auto asked
        = std::make_shared<const asked_request>(*kept, in_effect->access);
      const auto rivals
        = asked->request.scheme == "connect"
            ? std::make_shared<const contest>(in_effect->connects,
                                              asked->request)
            : std::make_shared<const contest>(
              in_effect->routes, call.known().node->publications.get(),
              asked->request);
      long_text body;
      body.text(opened(explain(url, *kept, call.known(), *in_effect, *rivals,
                               asked->request, *now))
                + "\n\"candidates\":[");
      const auto configured = in_effect->config.mappings.size();
      const auto published = rivals->winner && rivals->winner->declared;
      body.pieces(
        configured + published,
        [in_effect, configured, kept, asked, rivals,
         between = separator{}](size_t i, std::string& to) mutable {
          between(to);
          to += on_a_line(i == configured
                            ? show_published(*rivals->winner)
                            : show_candidate(in_effect->config.mappings[i], i,
                                             *rivals, asked->request));
        },
        500);
      call.answer_in_steps(std::move(body.text("]}\n")));
    });
}

} // namespace aps::admin
