#include "tools/hash_password.hpp"

#include "config/access/access.hpp"
#include "config/access/password_hash.hpp"
#include "tools/cli/cli.hpp"
#include "tools/cli/values.hpp"

#include <exception>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

namespace aps::cli {

namespace {

std::optional<std::string> read_password(const std::string& file,
                                         std::string& error) {
  if (!file.empty())
    return read_secret(file, error);
  std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
  auto line = one_line(std::move(text), error);
  error.insert(0, "the standard input ");
  return line;
}

} // namespace

int hash_password(int argc, char** argv) {
  std::string file, tunnel;
  command_line line{"aps hash-password",
                    "Reads a password and prints its hash, for "
                    "auth.users.<name>.password_hash, or with -tunnel for "
                    "tunnels.<name>.credentials.",
                    variables::none};
  line.add({"tunnel", "NAME", "Whose agents it is for"}, tunnel);
  line.add({.names = "file",
            .value = "FILE",
            .help = "With the password as its one line (default: the standard "
                    "input)",
            .bare = true},
           file);
  if (const auto code = line.parse(argc, argv))
    return *code;
  std::string error;
  const auto password = read_password(file, error);
  if (!password)
    return line.fail(exit_failure, error);
  if (tunnel.empty() && config::has_control_characters(*password))
    return line.fail(exit_failure, "found a control character, allowed "
                                     + std::string{config::user_password_rule});
  try {
    const auto hash = tunnel.empty()
                        ? config::password_hash::make(*password)
                        : config::password_hash::of_tunnel(tunnel, *password);
    return print("aps", hash.str() + "\n");
  } catch (const std::exception& problem) {
    return line.fail(exit_failure, problem.what());
  }
}

} // namespace aps::cli
