#include "tools/agent_program.hpp"

#include "actors/agent.hpp"
#include "actors/init.hpp"
#include "config/host.hpp"
#include "tools/cli.hpp"
#include "tools/host.hpp"
#include "tools/link_watch.hpp"
#include "tools/values.hpp"
#include "transports/network.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/tunnel/peer_probe.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <spdlog/logger.h>

#include <optional>
#include <stdexcept>

namespace aps {

namespace {

constexpr uint16_t default_port = 8080;
constexpr uint16_t default_status_port = 9091;
constexpr uint32_t max_threads = 1024;

struct flags {
  std::vector<std::string> servers;
  std::string tunnel;
  std::string name;
  std::string password;
  std::string password_file;
  std::string transport = "mix";
  std::string instance;
  bool insecure_target = false;
  std::string ca_file;
  std::vector<std::string> dns;
  double target_connect_timeout = 10;
  double target_timeout = 60;
  uint32_t target_min_rate = 16;
  uint32_t threads = 0;
  std::string log_level = "info";
  double grace = 5;
  std::string status;
  std::string status_token_file;
  link_wishes wishes;
};

/// What is wrong with the command line; ends the program with a usage error.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void declare(cli::command_line& line, flags& to, bool websocket_only) {
  line.add({"server", "HOST:PORT",
            "Node to dial, port 8080 if left out, http:// or ws:// in front if "
            "you like; several times or separated by commas for several nodes",
            true},
           to.servers);
  line.add({"tunnel", "NAME", "Tunnel to serve", true}, to.tunnel);
  line.add({"name,endpoint", "NAME",
            "Endpoint to be in the tunnel; agents of one name share its "
            "requests",
            true},
           to.name);
  line.add({.names = "password",
            .value = "TEXT",
            .help = "Password of the tunnel; if left out, -password-file or "
                    "the environment variable APS_PASSWORD is read",
            .variable = ""},
           to.password);
  line.add({"password-file", "FILE", "File with the password of the tunnel"},
           to.password_file);
  if (!websocket_only)
    line.add({"transport", "KIND",
              "grpc, ws, poll (plain HTTP/1.1), or mix: gRPC and WebSocket at "
              "once, and polling when neither gets through"},
             to.transport, {"grpc", "ws", "poll", "mix"});
  line.add({"instance", "NAME",
            "Names this agent across its restarts, so that the node drops its "
            "former life at once (default: made from machine and slot)"},
           to.instance);
  line.add({"insecure-target", "", "Accept any certificate of https targets"},
           to.insecure_target);
  line.add({"ca-file", "FILE",
            "More trusted certificates for https targets, PEM (default: those "
            "of the system alone)"},
           to.ca_file);
  line.add({"dns", "ADDRESS",
            "DNS server (with :PORT, if it is not 53) to ask instead of the "
            "system's resolver; several times or separated by commas"},
           to.dns);
  line.add({"target-connect-timeout", "SECONDS",
            "How long resolving, connecting to and shaking hands with a target "
            "may take"},
           to.target_connect_timeout);
  line.add({"target-timeout", "SECONDS",
            "How long a target may be silent inside an answer, or take nothing "
            "of a request; event streams and upgrades may be silent; 0 = for "
            "ever"},
           to.target_timeout);
  line.add({"target-min-rate", "BYTES",
            "Bytes per second that a target has to send or take, over "
            "-target-timeout; 0 = any"},
           to.target_min_rate);
  line.add({"threads", "COUNT", "I/O threads, 0 = one per core"}, to.threads,
           max_threads);
  line.add({"wait", "SECONDS",
            "End with exit code 4 when no node is connected within this time; "
            "0 = go on dialling"},
           to.wishes.wait);
  line.add({"once", "",
            "End with exit code 4 when the connection to the last node is "
            "lost, instead of dialling again"},
           to.wishes.once);
  line.add({"exit-on-refusal", "",
            "End with exit code 3 when a node refuses this agent (password, "
            "tunnel, version), instead of asking again"},
           to.wishes.exit_on_refusal);
  line.add({"status", "HOST:PORT",
            "Tell over HTTP how this agent is (/.api/health, /.api/ready, "
            "/.api/stats, /metrics), e.g. at 127.0.0.1:9091"},
           to.status);
  line.add({"status-token-file", "FILE",
            "File with the token that -status asks for; has to be given unless "
            "it is a loopback address"},
           to.status_token_file);
  line.add(
    {"log-level", "LEVEL", "One of trace, debug, info, warning, error, off"},
    to.log_level, cli::log_levels());
  line.add({"grace", "SECONDS", "How long live requests may end on shutdown"},
           to.grace);
}

std::vector<transport_kind> transports(const std::string& word) {
  if (word == "grpc")
    return {transport_kind::grpc};
  if (word == "ws")
    return {transport_kind::websocket};
  if (word == "poll")
    return {transport_kind::poll};
  return {transport_kind::grpc, transport_kind::websocket,
          transport_kind::poll};
}

/// The password from the flag, the file or the environment, in this order.
std::string password(const flags& from) {
  auto environment = cli::take_environment("APS_PASSWORD");
  if (!from.password.empty())
    return from.password;
  if (!from.password_file.empty()) {
    std::string error;
    auto content = cli::read_secret(from.password_file, error);
    if (!content)
      throw std::runtime_error("password file " + error);
    return *content;
  }
  if (environment && !environment->empty())
    return *environment;
  throw usage_error("no password: give -password, -password-file or the "
                    "variable APS_PASSWORD");
}

/// A name that the node would take, too.
std::string name(const char* flag, const std::string& text) {
  if (!is_foreign_name(text))
    throw usage_error("-" + std::string(flag) + " " + cli::quoted(text)
                      + " is no name: 1 to "
                      + std::to_string(max_foreign_name)
                      + " bytes of UTF-8 without control characters");
  return text;
}

/// Where `-status` is to listen. Who reaches it sees everything.
agent_status_options status(const flags& from) {
  std::string error;
  const auto parsed
    = cli::parse_address(from.status, default_status_port, error);
  if (!parsed)
    throw usage_error("-status " + error);
  agent_status_options result{parsed->host, parsed->port, {}};
  if (result.host != "localhost" && !config::is_ipv4(result.host)
      && !config::is_ipv6(result.host))
    throw usage_error("-status " + cli::quoted(from.status)
                      + ": listens on an IP address or localhost, such as "
                        "127.0.0.1:9091");
  if (!from.status_token_file.empty()) {
    auto content = cli::read_secret(from.status_token_file, error);
    if (!content)
      throw std::runtime_error("token file " + error);
    result.token = *content;
  } else if (!config::is_loopback(result.host)) {
    throw usage_error("-status " + result.host + " is no loopback address: "
                      "others reach it, so it takes -status-token-file FILE");
  }
  return result;
}

duration to_duration(double seconds) {
  return std::chrono::duration_cast<duration>(
    std::chrono::duration<double>(seconds));
}

agent_options options(const flags& from) {
  agent_options result;
  for (const auto& text : from.servers) {
    std::string error;
    const auto parsed = cli::parse_address(text, default_port, error);
    if (!parsed)
      throw usage_error("-server " + error);
    result.servers.push_back({parsed->host, parsed->port});
  }
  result.tunnel = name("tunnel", from.tunnel);
  result.endpoint = name("name", from.name);
  result.password = password(from);
  result.transports = transports(from.transport);
  result.instance = from.instance.empty()
                      ? host::instance_name(from.tunnel + "." + from.name)
                      : name("instance", from.instance);
  result.origin.insecure = from.insecure_target;
  result.origin.ca_file = from.ca_file;
  if (from.target_connect_timeout <= 0)
    throw usage_error("-target-connect-timeout must be above 0");
  result.origin.connect_timeout = to_duration(from.target_connect_timeout);
  result.origin.read_timeout = to_duration(from.target_timeout);
  result.origin.send_timeout = to_duration(from.target_timeout);
  result.origin.min_rate = from.target_min_rate;
  if (!from.status.empty())
    result.status = status(from);
  else if (!from.status_token_file.empty())
    throw usage_error("-status-token-file is of no use without -status");
  result.version = APS_VERSION;
  result.examine = [](executor& unit, const agent_server& server,
                      const auto& scope, auto done) {
    probe_peer(unit, server.host, server.port, scope, std::move(done));
  };
  return result;
}

/// Runs an agent until a signal, or what `what.wishes` says. The order of the
/// declarations is the shutdown order, last one first: agent, actor
/// system, network.
link_watch::end run(const flags& what, agent_options options) {
  const auto log = host::make_log(what.log_level);
  caf::core::init_global_meta_objects();
  init_actor_types();
  const auto network = make_network(what.threads, what.dns);
  caf::actor_system_config settings;
  host::configure(settings);
  caf::actor_system system{settings};
  for (const auto& server : options.servers)
    log->info("[AGENT] {}.{} dials {} over {}", options.tunnel,
              options.endpoint, cli::to_string({server.host, server.port}),
              what.transport);
  link_watch watch{what.wishes};
  options.on_report = watch.listener();
  options.log_dropped = [log] { return host::dropped_lines(*log); };
  const auto status_host = options.status ? options.status->host : "";
  const auto agent = spawn_agent(system, std::move(options), network, log);
  if (agent->status_port() != 0)
    log->info("[AGENT] Status at http://{}/.api/stats",
              cli::to_string({status_host, agent->status_port()}));
  const auto end = watch.wait();
  if (end.code == cli::exit_ok)
    log->info("[AGENT] {}: stopping", end.why);
  const std::chrono::duration<double> grace{what.grace};
  agent->stop(std::chrono::duration_cast<std::chrono::milliseconds>(grace));
  log->info("[AGENT] Stopped");
  return end;
}

} // namespace

int run_agent_program(const agent_program& program, int argc, char** argv) {
  host::prepare_process();
  flags what;
  if (program.websocket_only)
    what.transport = "ws";
  cli::command_line line{program.name, program.summary};
  declare(line, what, program.websocket_only);
  const auto code = line.parse(argc, argv);
  cli::hide_value(argc, argv, "password");
  if (code)
    return *code;
  try {
    auto ready = options(what);
    what.password.clear();
    const auto end = run(what, std::move(ready));
    return end.code == cli::exit_ok ? end.code : line.fail(end.code, end.why);
  } catch (const usage_error& error) {
    return line.fail(cli::exit_usage, error.what());
  } catch (const std::exception& error) {
    return line.fail(cli::exit_failure, error.what());
  }
}

} // namespace aps
