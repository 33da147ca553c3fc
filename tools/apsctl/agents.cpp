// Commands about who serves what.
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace aps::ctl {

using nlohmann::json;

namespace {

constexpr size_t longest_list = 60; // of names in a cell

std::string joined(const json& list) {
  std::string out;
  for (const auto& each : list)
    out += (out.empty() ? "" : ",") + each.get<std::string>();
  return out;
}

/// "tunnel1", "tunnel1.app1,app2", "directly".
std::string way_of(const json& mapping) {
  if (!mapping.contains("via"))
    return "directly";
  const auto& via = mapping.at("via");
  const auto endpoints = joined(via.value("endpoints", json::array()));
  return joined(via.value("tunnels", json::array()))
         + (endpoints.empty() ? "" : "." + endpoints);
}

std::string target_of(const json& mapping) {
  const auto to = mapping.value("to", json{});
  return to.is_string() ? to.get<std::string>()
         : to.is_object() ? "the node's own answer"
                          : "what the visitor names";
}

std::string publisher_of(const json& mapping) {
  if (!mapping.contains("published")) // nodes of before have none
    return {};
  const auto& by = mapping.at("published");
  const auto credential = text(by, "credential");
  return text(by, "tunnel") + '.' + text(by, "endpoint")
         + (credential.empty() ? "" : " (" + credential + ")");
}

/// What else it does with requests and answers, in a few words.
std::string extras_of(const json& mapping) {
  std::vector<std::string> all;
  if (const auto rule = mapping.value("retry", json{}); rule.is_object())
    all.push_back("up to " + count(rule, "attempts") + " endpoints");
  if (const auto rule = mapping.value("cc", json{}); rule.is_object())
    all.push_back("copies to " + text(rule, "to"));
  if (const auto own = mapping.value("timeouts", json{}); own.is_object())
    for (const auto& [key, words] :
         {std::pair{"first_byte_timeout", "first byte"},
          std::pair{"idle_timeout", "idle"},
          std::pair{"total_timeout", "total"}})
      if (const auto limit = number(own, key); limit > 0)
        all.push_back(fmt::format("{} {} s", words, limit));
  if (const auto pages = mapping.value("error_pages", json{});
      pages.is_object()) {
    std::string names;
    for (const auto& [name, page] : pages.items())
      names += (names.empty() ? "" : ",") + printable(name);
    all.push_back("pages for " + names);
  }
  if (const auto rule = mapping.value("compress", json{}); rule.is_object())
    all.push_back(printable(joined(rule.value("encodings", json::array()))));
  else if (rule.is_boolean())
    all.push_back("no compression");
  return fmt::format("{}", fmt::join(all, "; "));
}

/// An agent is what one credential has as one endpoint.
using agent_key = std::tuple<std::string, std::string, std::string>;

struct agent_row {
  std::map<std::string, size_t> sessions; ///< their connections
  std::string transports;
  std::string peers;
  std::string names;
};

void add_word(std::string& to, const std::string& word) {
  if (word.empty() || (", " + to + ",").find(", " + word + ",") != to.npos)
    return;
  to += (to.empty() ? "" : ", ") + word;
}

std::map<agent_key, agent_row> agents_of(const json& connections,
                                         const json& mappings) {
  std::map<agent_key, agent_row> out;
  for (const auto& each : connections) {
    auto& row = out[{text(each, "tunnel"), text(each, "endpoint"),
                     text(each, "credential")}];
    ++row.sessions[text(each, "session")];
    add_word(row.transports, text(each, "transport"));
    const auto peer = text(each, "peer");
    add_word(row.peers, peer.substr(0, peer.rfind(':')));
  }
  for (const auto& each : mappings) {
    if (!each.contains("published"))
      continue;
    const auto& by = each.at("published");
    auto& row
      = out[{text(by, "tunnel"), text(by, "endpoint"), text(by, "credential")}];
    add_word(row.names, text(by, "url"));
  }
  return out;
}

size_t connections_of(const agent_row& row) {
  size_t sum = 0;
  for (const auto& [session, count] : row.sessions)
    sum += count;
  return sum;
}

json shown(const agent_key& key, const agent_row& row) {
  const auto& [tunnel, endpoint, credential] = key;
  return {{"tunnel", tunnel},
          {"endpoint", endpoint},
          {"credential", credential},
          {"agents", row.sessions.size()},
          {"connections", connections_of(row)},
          {"transports", row.transports},
          {"peers", row.peers},
          {"publishes", row.names}};
}

} // namespace

int show_mappings(const client& node, const options& options) {
  auto path = fmt::format("mappings?limit={}", options.limit);
  if (!options.first.empty())
    path += "&search=" + encoded(options.first);
  const auto answer = node.get(path);
  if (options.json) {
    print(answer);
    return cli::exit_ok;
  }
  table result({"FROM", "TO", "VIA", ">LIVE", "PUBLISHED BY", "ALSO"});
  for (const auto& each : answer.at("mappings"))
    result.add(
      {text(each, "from"), target_of(each), way_of(each),
       each.at("serving").is_null() ? "-" : count(each.at("serving"), "live"),
       publisher_of(each), clipped(extras_of(each), longest_list)});
  std::cout << result.str();
  const auto listed = answer.at("mappings").size();
  if (const auto all = answer.at("matching").get<size_t>(); all > listed)
    std::cout << "and " << all - listed << " more (-limit)\n";
  std::cout << std::flush;
  return cli::exit_ok;
}

int show_agents(const client& node, const options& options) {
  check_names(node, options.tunnel, options.endpoint);
  constexpr auto all = 1'000'000; // names
  const auto connections = node.get("connections");
  const auto mappings = node.get(fmt::format("mappings?limit={}", all));
  auto out = json::array();
  table result({"TUNNEL", "ENDPOINT", "CREDENTIAL", ">AGENTS", ">CONNECTIONS",
                "TRANSPORTS", "PEERS", "PUBLISHES"});
  for (const auto& [key, row] :
       agents_of(connections.at("connections"), mappings.at("mappings"))) {
    const auto& [tunnel, endpoint, credential] = key;
    if ((!options.tunnel.empty() && options.tunnel != tunnel)
        || (!options.endpoint.empty() && options.endpoint != endpoint)
        || (options.limit > 0 && out.size() >= options.limit))
      continue;
    out.push_back(shown(key, row));
    result.add({tunnel, endpoint, credential,
                std::to_string(row.sessions.size()),
                std::to_string(connections_of(row)), row.transports,
                clipped(row.peers, longest_list), row.names});
  }
  if (options.json)
    print({{"agents", out}});
  else
    std::cout << result.str() << std::flush;
  return cli::exit_ok;
}

} // namespace aps::ctl
