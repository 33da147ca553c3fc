#include "tools/apsctl/commands.hpp"

#include "config/syntax/text.hpp"
#include "tools/apsctl/completion.hpp"
#include "transports/seam/outcomes.hpp"

#include <algorithm>

namespace aps::ctl {

namespace {

void no_flags(cli::command_line&, options&) {
  // Only the common ones.
}

/// "ok: ok; node: bad-request, ...": each class with its outcomes.
std::string outcome_words() {
  std::string out;
  std::string_view last;
  for (const auto one : all_outcomes()) {
    const auto same = last == class_of(one);
    last = class_of(one);
    if (same)
      out += ", ";
    else
      out.append(out.empty() ? "" : "; ").append(last).append(": ");
    out += to_string(one);
  }
  return out;
}

/// What every list can be narrowed by.
void list_flags(cli::command_line& line, options& options) {
  line.add({"tunnel", "NAME", "Only of this tunnel"}, options.tunnel);
  line.add({"endpoint", "NAME", "Only of this endpoint"}, options.endpoint);
  line.add({"limit", "N", "At most so many; 0 = all"}, options.limit);
}

void tunnels_flags(cli::command_line& line, options& options) {
  options.limit = 0;
  list_flags(line, options);
}

void top_flags(cli::command_line& line, options& options) {
  line.add({"interval", "SECONDS", "Between two looks"}, options.interval);
  line.add({"number", "N", "End after so many looks; 0 = never"},
           options.number);
}

void connections_flags(cli::command_line& line, options& options) {
  options.limit = 0;
  line.add_argument({"NAME", "", "Only this connection"}, options.first);
  list_flags(line, options);
}

void mappings_flags(cli::command_line& line, options& options) {
  line.add_argument({"TEXT", "",
                     "Only those with this text in an address, a "
                     "tunnel or an endpoint"},
                    options.first);
  options.limit = 100;
  line.add({"limit", "N", "At most so many"}, options.limit);
}

void exchanges_flags(cli::command_line& line, options& options) {
  line.add({"id", "ID", "Request id or exchange id: all about this one"},
           options.id);
  line.add({"outcome", "WORD",
            "Only with this outcome, or of this class: " + outcome_words()},
           options.outcome);
  list_flags(line, options);
}

void events_flags(cli::command_line& line, options& options) {
  line.add({"follow", "", "Wait for more"}, options.follow);
  line.add({"kind", "LIST",
            "Only these kinds, separated by commas; all = also "
            "those of single requests"},
           options.kind);
  options.limit = 0;
  list_flags(line, options);
}

void explain_flags(cli::command_line& line, options& options) {
  line.add_argument(
    {"URL", "",
     "As a visitor would ask for it, with http:// or without; or "
     "tcp://:PORT, udp://:PORT, tls://NAME:PORT, connect://HOST:PORT",
     true},
    options.first);
  line.add({"method", "METHOD", "Method of the request"}, options.method);
  line.add({"user", "NAME", "Asked by this user, or with this token"},
           options.user);
  line.add({"from", "ADDRESS", "Asked from this IP address"}, options.from);
  line.add({"certificate", "NAME",
            "Asked with a certificate of this subject or alternative name"},
           options.certificate);
  line.add(
    {"origin", "ORIGIN", "Asked for a WebSocket by a page of this origin"},
    options.origin);
  line.add({"header", "FIELD",
            "Asked with this header field, such as \"X-Env: beta\"; several "
            "times for more"},
           options.headers);
  line.add({"server", "NAME",
            "Asked of this server (default: the one whose port it is)"},
           options.server);
  line.add({"body-bytes", "BYTES", "Size of the request's body"},
           options.body_bytes);
}

void target_flags(cli::command_line& line, options& options) {
  line.add_argument({"NAME", "", "Connection"}, options.first);
  line.add({"session", "ID", "All connections of a session"}, options.session);
  line.add({"tunnel", "NAME", "Tunnel of -endpoint"}, options.tunnel);
  line.add({"endpoint", "NAME", "All connections of an endpoint"},
           options.endpoint);
}

void fault_flags(cli::command_line& line, options& options) {
  line.add_argument({"NAME", "", "Connection", true}, options.first);
  line.add_argument({"KIND", "", "cut, stall or delay", true}, options.second,
                    {"cut", "stall", "delay"});
  line.add({"seconds", "SECONDS",
            "How long it stalls (above 0), or what it delays by (0 = "
            "no longer); 5 if left out"},
           options.seconds);
}

void fallback_flags(cli::command_line& line, options& options) {
  line.add_argument({"TUNNEL", "", "Name", true}, options.first);
  line.add_argument({"MODE", "", "auto, grpc or websocket", true},
                    options.second, {"auto", "grpc", "websocket"});
}

void credential_flags(cli::command_line& line, options& options) {
  line.add_argument({"TUNNEL", "", "Name", true}, options.first);
  line.add_argument(
    {"CREDENTIAL", "", "Name, as in the tunnel's credentials", true},
    options.second);
}

void log_flags(cli::command_line& line, options& options) {
  line.add_argument({"LEVEL", "", "The new level; without it, show them"},
                    options.first, cli::log_levels());
  line.add({"component", "NAME", "Only of this component"}, options.component);
}

void config_flags(cli::command_line& line, options& options) {
  line.add_argument(
    {"ACTION", "",
     "check FILE, or diff FILE with what runs; secrets are not compared", true},
    options.first, {"check", "diff"});
  line.add_argument({"FILE", "", "Configuration", true}, options.second);
}

void completion_flags(cli::command_line& line, options& options) {
  line.add_argument({"SHELL", "", "bash, zsh or fish", true}, options.first,
                    completion_shells());
}

} // namespace

void common_flags(cli::command_line& line, options& options) {
  line.add({.names = "admin",
            .value = "HOST:PORT",
            .help = "Admin listener of the node, port 9090 if left out; status "
                    "and top also take the -status of an agent",
            .variable = "APS_ADMIN"},
           options.admin);
  line.add({.names = "token-file",
            .value = "FILE",
            .help = "File with the admin token; without it the environment "
                    "variable APS_ADMIN_TOKEN is taken",
            .variable = "APS_ADMIN_TOKEN_FILE"},
           options.token_file);
  line.add({"json", "", "Print JSON"}, options.json);
}

namespace {

/// The token from the file, or from the environment; "" = none.
std::string token_of(const options& options) {
  auto variable = cli::take_environment("APS_ADMIN_TOKEN").value_or("");
  std::string error;
  if (!options.token_file.empty()) {
    if (auto token = cli::read_token(options.token_file, error))
      return *token;
    throw failure("token file " + error);
  }
  if (variable.empty())
    return {};
  const auto token = cli::one_line(std::move(variable), error);
  if (token && !config::is_bearer_token(*token))
    error = std::string{"has not "} + config::bearer_token_rule;
  if (!error.empty())
    throw usage("the variable APS_ADMIN_TOKEN " + error);
  return *token;
}

} // namespace

client node_of(const options& options) {
  std::string problem;
  const auto peer = cli::parse_address(options.admin, 9090, problem);
  if (!peer)
    throw usage("-admin " + problem);
  return client{*peer, token_of(options)};
}

const std::vector<command>& all_commands() {
  static const std::vector<command> all = {
    {"status", "Shows how the node is.", no_flags, show_status},
    {"top", "Shows rates, endpoints and connections again and again.",
     top_flags, show_top},
    {"tunnels", "Lists tunnels and their endpoints.", tunnels_flags,
     show_tunnels},
    {"connections", "Lists connections.", connections_flags, show_connections},
    {"mappings", "Lists who serves which address, published names too.",
     mappings_flags, show_mappings},
    {"agents", "Lists agents and what they publish.", tunnels_flags,
     show_agents},
    {"exchanges", "Lists live and last requests, or tells all of one.",
     exchanges_flags, show_exchanges},
    {"events", "Lists what happened.", events_flags, show_events},
    {"explain", "Tells which mapping would win for a URL, and why.",
     explain_flags, show_explanation},
    {"drain", "Takes an endpoint or session out of rotation until undrain.",
     target_flags, drain},
    {"undrain", "Puts an endpoint or session back into rotation.", target_flags,
     undrain},
    {"reconnect", "Closes connections once they are idle; agents dial anew.",
     target_flags, reconnect},
    {"close", "Closes connections now; their requests move.", target_flags,
     close},
    {"fault", "Breaks a connection, as a rehearsal.", fault_flags,
     inject_fault},
    {"fallback", "Chooses the transport of a tunnel by hand.", fallback_flags,
     set_fallback},
    {"revoke",
     "Ends a credential of agents, and their sessions, until restore "
     "or the node's end.",
     credential_flags, revoke},
    {"restore", "Lets a revoked credential count again.", credential_flags,
     restore},
    {"log", "Shows or changes the level of the node's log.", log_flags,
     set_log},
    {"config", "Checks a configuration, or compares it with the node's.",
     config_flags, check_config},
    {"completion", "Prints a script that completes commands and names.",
     completion_flags, show_completion},
  };
  return all;
}

} // namespace aps::ctl
