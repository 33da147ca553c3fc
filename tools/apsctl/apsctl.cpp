// Looks into a node and acts on it, over the JSON API of its admin listener.
#include "tools/apsctl/client.hpp"
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/completion.hpp"
#include "tools/cli/cli.hpp"
#include "tools/cli/standard_streams.hpp"

#include <nlohmann/json.hpp>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
      ++i; // its value
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

/// Nobody reads stdout any more; what failed to be written before says nothing.
bool is_reader_gone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

/// What was printed may be lost; whoever reads no more knows that.
int finish(const aps::cli::command_line& line, int code) {
  errno = 0;
  if (std::cout.flush() || errno == EPIPE || is_reader_gone())
    return code;
  return line.fail(aps::cli::exit_failure,
                   std::string("cannot write to stdout: ")
                     + std::strerror(errno != 0 ? errno : ENOSPC));
}

int run(const command& command, int argc, char** argv) {
  options given;
  aps::cli::command_line line{std::string("apsctl ") + command.name,
                              command.summary, aps::cli::variables::none};
  command.flags(line, given);
  aps::ctl::common_flags(line, given);
  if (const auto code = line.parse(argc, argv))
    return *code;
  try {
    return finish(line, command.run(aps::ctl::node_of(given), given));
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

/// What `apsctl` without a command does.
int run_bare(int argc, char** argv) {
  aps::cli::command_line line{"apsctl", "", aps::cli::variables::none};
  const std::string first = argc > 1 ? argv[1] : "";
  for (const auto* word : {"help", "-h", "-help", "--help"})
    if (first == word)
      return aps::cli::print("apsctl", overview());
  if (const auto code = line.parse(argc, argv))
    return *code;
  return line.fail(aps::cli::exit_usage,
                   "no command given, e.g. apsctl status (-h for help)");
}

int refuse(const std::string& name, bool behind_flags) {
  std::vector<std::string> known;
  for (const auto& one : aps::ctl::all_commands())
    known.emplace_back(one.name);
  aps::cli::command_line line{"apsctl", "", aps::cli::variables::none};
  return line.fail(aps::cli::exit_usage,
                   "there is no command " + aps::cli::quoted(name)
                     + aps::cli::hint(name, known)
                     + (behind_flags ? "; its flags stand behind a command"
                                     : "")
                     + " (-h for help)");
}

} // namespace

int main(int argc, char** argv) {
  aps::cli::hold_standard_streams();
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::strcmp(argv[1], "complete") == 0) {
    std::string all;
    for (const auto& one : aps::ctl::completions({argv + 2, argv + argc}))
      all += one + '\n';
    return aps::cli::print("apsctl", all);
  }
  auto at = find_command(argc, argv);
  char help[] = "-h";
  if (at == 1 && argc > 2 && std::strcmp(argv[1], "help") == 0) {
    // "help status" is "status -h".
    argv[1] = argv[2];
    argv[2] = help;
  }
  const std::string name = at < argc ? argv[at] : "";
  if (name.empty() || name == "help" || name == "version")
    return run_bare(argc, argv);
  for (const auto& one : aps::ctl::all_commands())
    if (name == one.name) {
      std::rotate(argv + at, argv + at + 1, argv + argc);
      return run(one, argc - 1, argv);
    }
  return refuse(name, at > 1);
}
