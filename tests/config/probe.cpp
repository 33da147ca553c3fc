// The node's configuration.
#include "tests/config/probe.hpp"

#include "config/config.hpp"

using namespace aps::config;

int main() {
  aps::test::run_probe([](const std::string& text, problems& out) {
    auto parsed = parse(text);
    if (auto* wrong = std::get_if<problems>(&parsed)) {
      out.insert(out.end(), wrong->begin(), wrong->end());
      return node{};
    }
    return std::get<node>(std::move(parsed));
  });
}
