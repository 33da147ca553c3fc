// The configuration of an agent: the flags that a text stands for.
#include "tests/config/probe.hpp"

#include "config/syntax/syntax.hpp"
#include "tools/agent/agent_flags.hpp"

int main() {
  using namespace aps;
  test::run_probe([](const std::string& text, config::problems& out) {
    agent_flags result;
    cli::command_line line{"probe", ""};
    declare(line, result, true);
    if (const auto root = config::parse_json(text, out))
      read_agent(line, *root, result, out);
    return result;
  });
}
