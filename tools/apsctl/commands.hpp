#pragma once

#include "tools/apsctl/client.hpp"
#include "tools/cli/cli.hpp"
#include "tools/cli/values.hpp"

#include <optional>
#include <string>
#include <vector>

namespace aps::ctl {

/// What the command line may say; each command uses a part of it.
struct options {
  std::string admin = "127.0.0.1:9090";
  std::string token_file;
  bool json = false; ///< print what the node answers

  std::string first; ///< positional arguments
  std::string second;
  std::string tunnel, endpoint, session, id, outcome, kind, component;
  std::string method = "GET";
  std::string user, from, certificate, origin, server; ///< who asks, and where
  std::vector<std::string> headers;                    ///< with which fields
  uint32_t body_bytes = 0;
  uint32_t limit = 20; ///< of a list; 0 = all
  uint32_t number = 0; ///< of snapshots; 0 = until stopped
  std::optional<double> seconds = {}; ///< of a fault
  double interval = 2; ///< between snapshots
  bool follow = false;
};

/// The command line makes no sense: exit code 2.
class usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One word after `apsctl`.
struct command {
  const char* name;
  const char* summary;

  /// Adds the flags that only this command has.
  void (*flags)(cli::command_line&, options&);

  /// Does it. Returns the exit code,
  /// throws `failure` or `usage`.
  int (*run)(const client& node, const options& options);
};

const std::vector<command>& all_commands();

/// Adds the flags of every command.
void common_flags(cli::command_line& line, options& options);

/// The node that the options name, with the token that they name; takes the
/// token out of the environment. Throws `failure` or `usage`.
client node_of(const options& options);

// One group per file.
int show_status(const client& node, const options& options);
int show_tunnels(const client& node, const options& options);
int show_connections(const client& node, const options& options);
int show_top(const client& node, const options& options);
int show_mappings(const client& node, const options& options);
int show_agents(const client& node, const options& options);
int show_exchanges(const client& node, const options& options);
int show_events(const client& node, const options& options);
int show_explanation(const client& node, const options& options);
int drain(const client& node, const options& options);
int undrain(const client& node, const options& options);
int reconnect(const client& node, const options& options);
int close(const client& node, const options& options);
int inject_fault(const client& node, const options& options);
int set_fallback(const client& node, const options& options);
int revoke(const client& node, const options& options);
int restore(const client& node, const options& options);
int set_log(const client& node, const options& options);
int check_config(const client& node, const options& options);
int show_completion(const client& node, const options& options);

/// The tables of `status` and `top`, from /.api/stats.
std::string status_text(const nlohmann::json& stats);
std::string endpoints_text(const nlohmann::json& tunnels);
std::string connections_text(const nlohmann::json& connections);

/// Whether /.api/stats is that of an agent's status listener, and `status` of
/// it.
bool is_agent(const nlohmann::json& stats);
std::string agent_text(const nlohmann::json& stats);

/// Throws `failure` with the names that are known when the node has no tunnel
/// of this name, or the tunnel no such endpoint. Empty names are not asked for.
void check_names(const client& node, const std::string& tunnel,
                 const std::string& endpoint = {});

/// "there is no tunnel "a"; known: b, c", with the nearest in front.
std::string unknown(std::string_view kind, const std::string& name,
                    const std::vector<std::string>& known);

/// Prints JSON, readable on its own lines.
void print(const nlohmann::json& value);

} // namespace aps::ctl
