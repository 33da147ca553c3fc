// Runs the parser over texts, for schema.py: reads a JSON list of
// {"text": ..., "same_as": ...} and writes for each {"problems": [...],
// "same": whether both texts give the same configuration}.

#include "config/config.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace {

using nlohmann::json;
using namespace aps::config;

json answer(const json& question) {
  const auto first = parse(question.at("text").get<std::string>());
  auto list = json::array();
  if (const auto* wrong = std::get_if<problems>(&first))
    for (const auto& [path, found, allowed, hint] : *wrong)
      list.push_back({{"path", path},
                      {"found", found},
                      {"allowed", allowed},
                      {"hint", hint}});
  json result{{"problems", list}, {"same", nullptr}};
  if (question.contains("same_as")) {
    const auto second = parse(question["same_as"].get<std::string>());
    const auto* a = std::get_if<node>(&first);
    const auto* b = std::get_if<node>(&second);
    result["same"] = a && b && *a == *b;
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
