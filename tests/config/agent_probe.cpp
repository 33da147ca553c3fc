// What probe.cpp does, for the configuration of an agent.

#include "config/syntax.hpp"
#include "tools/agent_flags.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace {

using nlohmann::json;

/// The flags that a text stands for, with all that is wrong in `out`.
aps::agent_flags parse(const std::string& text, aps::config::problems& out) {
  aps::agent_flags result;
  aps::cli::command_line line{"probe", ""};
  declare(line, result, false);
  if (const auto root = aps::config::parse_json(text, out))
    read_agent(line, *root, result, out);
  return result;
}

json answer(const json& question) {
  aps::config::problems wrong;
  const auto first = parse(question.at("text").get<std::string>(), wrong);
  auto list = json::array();
  for (const auto& [path, found, allowed, hint] : wrong)
    list.push_back({{"path", path},
                    {"found", found},
                    {"allowed", allowed},
                    {"hint", hint}});
  json result{{"problems", list}, {"same", nullptr}};
  if (question.contains("same_as")) {
    aps::config::problems others;
    const auto second
      = parse(question["same_as"].get<std::string>(), others);
    result["same"] = wrong.empty() && others.empty() && first == second;
  }
  return result;
}

} // namespace

int main() {
  const auto questions = json::parse(std::cin);
  auto answers = json::array();
  for (const auto& question : questions)
    answers.push_back(answer(question));
  std::cout << answers << '\n';
}
