// Commands that show how the node is.
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"
#include "transports/seam/frame.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

namespace aps::ctl {

using nlohmann::json;

namespace {

/// Nodes of before had none.
json unhealthy_of(const json& endpoint) {
  return endpoint.value("unhealthy", json::array());
}

/// Why an endpoint is in its state; a target that fails comes first.
std::string reason_of(const json& endpoint) {
  const auto unhealthy = unhealthy_of(endpoint);
  if (unhealthy.empty())
    return text(endpoint.at("fallback"), "reason");
  const auto& first = unhealthy.front();
  return text(first, "target") + ' ' + text(first, "state") + ": "
         + text(first, "reason")
         + (unhealthy.size() == 1
              ? ""
              : fmt::format(" and {} more", unhealthy.size() - 1));
}

/// The state of an endpoint as one word; what was set by hand says more than
/// what the endpoint would do without.
std::string state_of(const json& endpoint) {
  if (number(endpoint, "live_connections") == 0)
    return endpoint.value("drained", false) ? "down, drained" : "down";
  if (endpoint.value("drained", false))
    return "drained";
  if (!unhealthy_of(endpoint).empty())
    return "target fails";
  const auto& fallback = endpoint.at("fallback");
  const auto mode = text(fallback, "mode");
  return mode.empty() || mode == "auto" ? text(fallback, "state")
                                        : mode + " (by hand)";
}

std::string state_of_connection(const json& connection) {
  if (connection.value("ejected", false))
    return "ejected";
  if (connection.value("draining", false))
    return "draining";
  if (connection.value("drained", false))
    return "drained";
  return number(connection, "in_flight") > 0 ? "busy" : "ready";
}

/// The tree of /.api/stats as the list of /.api/tunnels.
json tunnels_of(const json& stats) {
  auto result = json::array();
  for (const auto& [name, tunnel] : stats.at("tunnels").items()) {
    result.push_back(tunnel);
    result.back()["name"] = name;
  }
  return result;
}

json connections_of(const json& tunnels) {
  auto result = json::array();
  for (const auto& tunnel : tunnels)
    for (const auto& endpoint : tunnel.at("endpoints"))
      for (const auto& pool : endpoint.at("pools"))
        for (auto connection : pool.at("connections")) {
          connection["tunnel"] = tunnel.at("name");
          connection["endpoint"] = endpoint.at("name");
          connection["transport"] = pool.at("transport");
          result.push_back(std::move(connection));
        }
  return result;
}

/// Removes what `wanted` does not want, and what is more than `limit`.
template <class Wanted>
void keep(json& list, size_t limit, Wanted wanted) {
  auto result = json::array();
  for (auto& one : list)
    if (wanted(one) && (limit == 0 || result.size() < limit))
      result.push_back(std::move(one));
  list = std::move(result);
}

/// Per second, of a total in two snapshots.
double rate(const json& before, const json& now, const char* key) {
  if (before.is_null() || before["node"]["id"] != now["node"]["id"])
    return 0;
  const auto ms
    = number(now["node"], "time_ms") - number(before["node"], "time_ms");
  const auto more
    = number(now["exchanges"], key) - number(before["exchanges"], key);
  return ms > 0 ? more * 1000 / ms : 0;
}

std::string top_text(const json& before, const json& now) {
  if (is_agent(now))
    return agent_text(now);
  const auto tunnels = tunnels_of(now);
  return status_text(now)
         + fmt::format("rates      {:.1f} requests/s, {:.1f} failed/s, "
                       "{}/s to visitors, {}/s from visitors\n\n",
                       rate(before, now, "started"),
                       rate(before, now, "failed"),
                       bytes(rate(before, now, "bytes_down")),
                       bytes(rate(before, now, "bytes_up")))
         + endpoints_text(tunnels) + '\n'
         + connections_text(connections_of(tunnels));
}

} // namespace

void print(const json& value) {
  std::cout << value.dump(2, ' ', false, json::error_handler_t::replace)
            << std::endl;
}

std::string status_text(const json& stats) {
  const auto& node = stats.at("node");
  const auto& sums = stats.at("exchanges");
  return fmt::format(
    "node       {}, version {}, up for {}{}\n"
    "exchanges  {} started, {} finished, {} failed, {} live, {} moves\n"
    "bytes      {} to visitors, {} from visitors\n",
    text(node, "id"), text(node, "version"),
    seconds(number(node, "uptime_seconds")),
    node.value("draining", false) ? ", draining" : "", count(sums, "started"),
    count(sums, "finished"), count(sums, "failed"), count(sums, "live"),
    count(sums, "moved"), bytes(number(sums, "bytes_down")),
    bytes(number(sums, "bytes_up")));
}

// Of the column with the size of its pools.
std::string heading_of(transport_kind transport) {
  std::string out = ">";
  for (const unsigned char letter : to_string(transport))
    out += static_cast<char>(std::toupper(letter));
  return out;
}

std::string endpoints_text(const json& tunnels) {
  std::vector<std::string> heads{"TUNNEL", "ENDPOINT", "!STATE", ">FOR"};
  for (const auto kind : all_transports)
    heads.push_back(heading_of(kind));
  for (const auto* head : {">IN FLIGHT", ">WAITING", ">RTT", "REASON"})
    heads.emplace_back(head);
  table result(std::move(heads));
  for (const auto& tunnel : tunnels) {
    const auto problem = text(tunnel, "problem"); // nodes of before had none
    if (tunnel.at("endpoints").empty())
      result.add({text(tunnel, "name"), "-",
                  problem.empty() ? "no endpoint" : problem});
    for (const auto& endpoint : tunnel.at("endpoints")) {
      std::map<std::string, double> size;
      double waiting = 0;
      for (const auto& pool : endpoint.at("pools")) {
        size[text(pool, "transport")] += number(pool, "size");
        waiting += number(pool, "waiting");
      }
      const auto& fallback = endpoint.at("fallback");
      std::vector<std::string> row{text(tunnel, "name"), text(endpoint, "name"),
                                   state_of(endpoint),
                                   seconds(number(fallback, "since_seconds"))};
      for (const auto kind : all_transports)
        row.push_back(
          fmt::format("{:.0f}", size[std::string(to_string(kind))]));
      row.push_back(count(endpoint, "in_flight"));
      row.push_back(fmt::format("{:.0f}", waiting));
      row.push_back(milliseconds(number(endpoint, "latency_ms")));
      row.push_back(clipped(reason_of(endpoint), 60));
      result.add(std::move(row));
    }
  }
  return result.str();
}

std::string connections_text(const json& connections) {
  table result({"CONNECTION", "TUNNEL", "ENDPOINT", "TRANSPORT", "!STATE",
                ">IN FLIGHT", ">RTT", ">SCORE", ">AGE", ">IN", ">OUT", "PEER",
                "CREDENTIAL"});
  for (const auto& one : connections)
    result.add({text(one, "name"), text(one, "tunnel"), text(one, "endpoint"),
                text(one, "transport"), state_of_connection(one),
                count(one, "in_flight"), milliseconds(number(one, "rtt_ms")),
                fmt::format("{:.2f}", number(one, "score")),
                seconds(number(one, "age_seconds")),
                bytes(number(one, "bytes_in")), bytes(number(one, "bytes_out")),
                text(one, "peer"), text(one, "credential")});
  return result.str();
}

int show_status(const client& node, const options& options) {
  auto stats = node.get("stats");
  if (is_agent(stats)) {
    if (options.json)
      print(stats);
    else
      std::cout << agent_text(stats) << std::flush;
    return cli::exit_ok;
  }
  const auto ready = node.get_ready();
  const auto stale = stats.at("node").value("config_stale", false);
  const auto code = stale ? cli::exit_failure : cli::exit_ok;
  if (options.json) {
    stats["ready"] = ready;
    print(stats);
    return code;
  }
  std::cout << status_text(stats);
  if (stale)
    std::cout << "config     older than its file, which is broken: the node's "
                 "log says where; mend it and send SIGHUP\n";
  std::cout << "ready      " << (ready.value("ready", false) ? "yes" : "no");
  for (const auto& pool : ready.value("below_pool_size", json::array()))
    std::cout << "; " << text(pool, "tunnel") << '.' << text(pool, "endpoint")
              << ' ' << text(pool, "transport") << ": " << count(pool, "usable")
              << " of " << count(pool, "pool_size");
  for (const auto& tunnel : ready.value("unknown", json::array()))
    std::cout << "; " << text(tunnel, "tunnel") << ": "
              << text(tunnel, "problem");
  std::cout << "\n\n" << endpoints_text(tunnels_of(stats)) << std::flush;
  return code;
}

int show_tunnels(const client& node, const options& options) {
  check_names(node, options.tunnel, options.endpoint);
  auto answer = node.get("tunnels");
  keep(answer.at("tunnels"), options.limit, [&](json& tunnel) {
    if (!options.tunnel.empty() && text(tunnel, "name") != options.tunnel)
      return false;
    auto& endpoints = tunnel.at("endpoints");
    keep(endpoints, 0, [&](const json& one) {
      return options.endpoint.empty() || text(one, "name") == options.endpoint;
    });
    return options.endpoint.empty() || !endpoints.empty();
  });
  if (options.json)
    print(answer);
  else
    std::cout << endpoints_text(answer.at("tunnels")) << std::flush;
  return cli::exit_ok;
}

int show_connections(const client& node, const options& options) {
  std::string path = "connections?";
  if (!options.tunnel.empty())
    path += "tunnel=" + encoded(options.tunnel) + '&';
  if (!options.first.empty())
    path += "name=" + encoded(options.first);
  path.erase(path.find_last_not_of("?&") + 1);
  check_names(node, options.tunnel, options.endpoint);
  auto answer = node.get(path);
  keep(answer.at("connections"), options.limit, [&](const json& one) {
    return options.endpoint.empty()
           || text(one, "endpoint") == options.endpoint;
  });
  if (!options.first.empty() && answer.at("connections").empty()) {
    std::vector<std::string> known;
    const auto all = node.get("connections");
    for (const auto& one : all.at("connections"))
      known.push_back(one.at("name"));
    throw failure(node.peer_name() + ": "
                  + unknown("connection", options.first, known));
  }
  if (options.json)
    print(answer);
  else
    std::cout << connections_text(answer.at("connections")) << std::flush;
  return cli::exit_ok;
}

int show_top(const client& node, const options& options) {
  const auto screen = options.json ? std::nullopt : terminal_size();
  if (options.interval < 0.1)
    throw usage("-interval is at least 0.1 s");
  json before;
  for (uint32_t i = 0; options.number == 0 || i < options.number; ++i) {
    if (i > 0)
      std::this_thread::sleep_for(
        std::chrono::duration<double>(options.interval));
    auto now = node.get("stats");
    if (options.json)
      std::cout << now.dump() << std::endl;
    else if (screen)
      std::cout << "\x1b[H\x1b[2J"
                << fitted(top_text(before, now),
                          terminal_size().value_or(*screen))
                << std::flush;
    else
      std::cout << (i > 0 ? "\n" : "") << top_text(before, now) << std::flush;
    if (!std::cout)
      return cli::exit_ok;
    before = std::move(now);
  }
  return cli::exit_ok;
}

std::string unknown(std::string_view kind, const std::string& name,
                    const std::vector<std::string>& known) {
  constexpr size_t width = 100;
  auto text = "there is no " + std::string(kind) + " " + cli::quoted(name)
              + cli::hint(name, known);
  if (known.empty())
    return text + "; there is none at all";
  return text + known_words(known, width - std::min(width, text.size()));
}

void check_names(const client& node, const std::string& tunnel,
                 const std::string& endpoint) {
  if (tunnel.empty() && endpoint.empty())
    return;
  std::vector<std::string> tunnels, endpoints;
  const auto answer = node.get("tunnels");
  for (const auto& one : answer.at("tunnels")) {
    tunnels.push_back(one.at("name"));
    if (tunnel.empty() || tunnel == tunnels.back())
      for (const auto& member : one.at("endpoints"))
        endpoints.push_back(member.at("name"));
  }
  const auto check = [&](const char* kind, const std::string& name,
                         const std::vector<std::string>& known) {
    if (!name.empty()
        && std::find(known.begin(), known.end(), name) == known.end())
      throw failure(node.peer_name() + ": " + unknown(kind, name, known));
  };
  check("tunnel", tunnel, tunnels);
  check("endpoint", endpoint, endpoints);
}

} // namespace aps::ctl
