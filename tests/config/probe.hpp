#pragma once

#include "config/config.hpp"
#include "config/syntax/text.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

/// Runs a parser over texts, for schema.py.
namespace aps::test {

/// Reads a JSON list of {"text": ..., "same_as": ...} and writes for each
/// {"problems": [...], "same": whether both texts give the same}; beside these
/// "answers" stand the "synonyms" that it takes, [[word, word], ...]. `parse`
/// takes a text and the problems that it adds to; what it returns is compared.
template <class Parse>
void run_probe(Parse parse) {
  using nlohmann::json;
  auto answers = json::array();
  for (const auto& question : json::parse(std::cin)) {
    config::problems wrong;
    const auto first = parse(question.at("text").get<std::string>(), wrong);
    auto list = json::array();
    for (const auto& [path, found, allowed, hint] : wrong)
      list.push_back({{"path", path},
                      {"found", found},
                      {"allowed", allowed},
                      {"hint", hint}});
    json answer{{"problems", list}, {"same", nullptr}};
    if (question.contains("same_as")) {
      const auto second = parse(question["same_as"].get<std::string>(), wrong);
      answer["same"] = wrong.empty() && first == second;
    }
    answers.push_back(std::move(answer));
  }
  auto same = json::array();
  for (const auto& [one, other] : config::synonyms)
    same.push_back({one, other});
  std::cout << json{{"answers", answers}, {"synonyms", same}} << '\n';
}

} // namespace aps::test
