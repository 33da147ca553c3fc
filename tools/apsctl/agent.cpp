// What the status listener of an agent tells.
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace aps::ctl {

using nlohmann::json;

namespace {

std::string trouble_line(const char* name, const json& trouble) {
  if (!trouble.is_object())
    return {};
  const auto next = trouble.value("next_try_seconds", json{});
  return fmt::format("{:<11}{}, {} ago{}\n", name,
                     clipped(text(trouble, "text"), 120),
                     seconds(number(trouble, "age_seconds")),
                     trouble.value("over", false) ? "; over"
                     : next.is_number()
                       ? "; next try in " + seconds(next.get<double>())
                       : "");
}

std::string connections_of(const json& nodes) {
  table result({"NODE", "TRANSPORT", "CONNECTION", "!STATE", ">FOR"});
  for (const auto& node : nodes) {
    const auto& all = node.at("connections");
    if (all.empty())
      result.add({text(node, "server"), "-", "no connection"});
    for (const auto& one : all)
      result.add({text(node, "server"), text(one, "transport"),
                  text(one, "name"), text(one, "state"),
                  seconds(number(one, "age_seconds"))});
  }
  return result.str();
}

} // namespace

bool is_agent(const json& stats) {
  return stats.contains("agent");
}

std::string agent_text(const json& stats) {
  const auto& agent = stats.at("agent");
  const auto& sums = stats.at("exchanges");
  const auto& ready = stats.at("ready");
  auto result = fmt::format(
    "agent      {}.{}, version {}, up for {}{}\n"
    "exchanges  {} started, {} abandoned, {} live\n"
    "ready      {}\n",
    text(agent, "tunnel"), text(agent, "endpoint"), text(agent, "version"),
    seconds(number(agent, "uptime_seconds")),
    agent.value("draining", false) ? ", stopping" : "",
    count(sums, "started"), count(sums, "abandoned"), count(sums, "live"),
    ready.value("ready", false)
      ? "yes"
      : "no: " + clipped(text(ready, "reason"), 140));
  for (const auto& node : stats.at("nodes")) {
    const auto& refusal = node.at("last_refusal");
    const auto& failure = node.at("last_failure");
    result += trouble_line("refusal", refusal);
    if (!refusal.is_object()
        || text(failure, "text") != text(refusal, "text"))
      result += trouble_line("failure", failure);
  }
  return result + '\n' + connections_of(stats.at("nodes"));
}

} // namespace aps::ctl
