#pragma once

#include "config/syntax/expand.hpp"
#include "tools/agent/link_watch.hpp"
#include "tools/cli/cli.hpp"
#include "tools/cli/values.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aps {

/// What command line, environment and configuration file say of an agent.
struct agent_flags {
  std::string config; ///< the file; "" = none
  bool check = false;
  std::vector<std::string> servers;
  std::string tunnel;
  std::string name;
  std::string password;
  std::string password_file;
  std::string transport = "mix";
  std::string instance;
  std::string proxy; ///< "" = as the environment says, "none" = none
  bool tls = false;  ///< also where no address says so
  std::string ca;
  std::string server_name;
  std::string cert;
  std::string key;
  std::vector<std::string> pins;
  bool insecure = false;
  bool insecure_target = false;
  std::string ca_file;
  std::string target_cert;
  std::string target_key;
  std::vector<std::string> dns;
  std::vector<std::string> publish;
  std::vector<std::string> publish_as; ///< beside them; "" = none given
  std::string publish_file;
  std::vector<std::string> allow_targets; ///< none = what is not guarded
  double target_connect_timeout = 10;
  double target_timeout = 60;
  uint32_t target_min_rate = 16;
  uint32_t threads = 0;
  std::string status;
  std::string status_token_file;
  std::string log_level = "info";
  double grace = 5;
  link_wishes wishes;

  bool operator==(const agent_flags&) const = default;
};

/// Adds the flags, each of which is a key of the file, too. `choice`: among
/// them is the one of the transport.
void declare(cli::command_line& line, agent_flags& to, bool choice);

/// Fills what `line` left open from a configuration. Its passwords count only
/// when neither flags nor environment have one.
void read_agent(cli::command_line& line, const nlohmann::json& root,
                agent_flags& to, config::problems& out);

/// The same from the file that `to.config` names and those it includes. Names
/// of files in it are relative to its folder.
config::problems read_agent_file(cli::command_line& line, agent_flags& to);

/// Parses an address of `-server`, port 8080 if left out, or 443 `with_tls`.
/// Nothing on failure; `error` says why, in words that go behind the flag.
std::optional<cli::address> parse_server(const std::string& text,
                                         std::string& error,
                                         bool with_tls = false);

/// The same for `-status`, port 9091 if left out.
std::optional<cli::address> parse_status(const std::string& text,
                                         std::string& error);

} // namespace aps
