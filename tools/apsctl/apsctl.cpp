// Looks into a node and acts on it, over the JSON API of its admin listener.
#include "tools/apsctl/client.hpp"
#include "tools/apsctl/commands.hpp"
#include "tools/cli.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstring>
#include <iostream>

namespace {

using aps::ctl::command;
using aps::ctl::options;

/// Where on the command line the command stands; `argc` = nowhere. Flags may
/// stand before it.
int find_command(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-'))
      return i;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word == "admin" || word == "token-file")
      ++i;
  }
  return argc;
}

std::string overview() {
  std::string result = "Looks into a node and acts on it, over its admin "
                       "listener.\n\nUsage: apsctl COMMAND [OPTIONS], and "
                       "apsctl COMMAND -h for more. Commands:\n\n";
  for (const auto& one : aps::ctl::all_commands()) {
    std::string line = std::string("  ") + one.name;
    line.resize(std::max<size_t>(line.size(), 16), ' ');
    result += line + one.summary + '\n';
  }
  return result;
}

std::string take_token(const options& what) {
  auto token = aps::cli::take_environment("APS_ADMIN_TOKEN");
  if (what.token_file.empty())
    return token.value_or("");
  auto found = aps::cli::read_secret(what.token_file);
  if (!found)
    throw aps::ctl::failure("cannot read " + what.token_file);
  return *found;
}

int run(const command& what, int argc, char** argv) {
  options given;
  aps::cli::command_line line{std::string("apsctl ") + what.name, what.summary};
  what.flags(line, given);
  line.add({"admin", "HOST:PORT", "Admin listener of the node"}, given.admin);
  line.add({"token-file", "FILE",
            "File with the admin token; without it the environment variable "
            "APS_ADMIN_TOKEN is taken"},
           given.token_file);
  line.add({"json", "", "Print JSON"}, given.json);
  if (const auto code = line.parse(argc, argv))
    return *code;
  std::string problem;
  const auto peer = aps::cli::parse_address(given.admin, 9090, problem);
  if (!peer)
    return line.fail(aps::cli::exit_usage, "-admin: " + problem);
  try {
    return what.run(aps::ctl::client{*peer, take_token(given)}, given);
  } catch (const aps::ctl::usage& error) {
    return line.fail(aps::cli::exit_usage, error.what());
  } catch (const nlohmann::json::exception&) {
    return line.fail(aps::cli::exit_failure,
                     given.admin
                       + ": the answer makes no sense; are node and "
                         "apsctl of one version?");
  } catch (const std::exception& error) {
    return line.fail(aps::cli::exit_failure, error.what());
  }
}

} // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::signal(SIGPIPE, SIG_IGN);
  const auto at = find_command(argc, argv);
  if (at == argc) {
    const auto asks = std::any_of(argv + 1, argv + argc, [](const char* word) {
      return std::strcmp(word, "-h") == 0 || std::strcmp(word, "--help") == 0
             || std::strcmp(word, "-help") == 0;
    });
    aps::cli::command_line line{"apsctl", ""};
    if (asks) {
      std::cout << overview() << std::flush;
      return aps::cli::exit_ok;
    }
    if (const auto code = line.parse(argc, argv))
      return *code;
    return line.fail(aps::cli::exit_usage, "no command given (-h for help)");
  }
  const std::string_view name = argv[at];
  for (const auto& one : aps::ctl::all_commands())
    if (name == one.name) {
      std::rotate(argv + at, argv + at + 1, argv + argc);
      return run(one, argc - 1, argv);
    }
  aps::cli::command_line line{"apsctl", ""};
  return line.fail(aps::cli::exit_usage, "there is no command "
                                           + std::string(name)
                                           + " (-h for help)");
}
