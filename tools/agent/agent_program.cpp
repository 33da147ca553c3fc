#include "tools/agent/agent_program.hpp"

#include "actors/agent.hpp"
#include "actors/base/transports.hpp"
#include "actors/init.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/file.hpp"
#include "tools/agent/agent_flags.hpp"
#include "tools/agent/http_proxy.hpp"
#include "tools/agent/publications.hpp"
#include "tools/cli/values.hpp"
#include "tools/host.hpp"
#include "transports/real_network.hpp"
#include "transports/tunnel/peer_probe.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <spdlog/logger.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <stdexcept>

namespace aps {

namespace {

/// What is wrong with the command line; ends the program with a usage error.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One by its word, else all.
std::vector<transport_kind> transports(const std::string& word) {
  for (const auto& row : transport_table)
    if (row.word == word)
      return {row.kind};
  return {all_transports.begin(), all_transports.end()};
}

/// What is wrong with a flag, or with a key where the file has it.
[[noreturn]] void refuse(const cli::command_line& line, const agent_flags& from,
                         const std::string& flag, const std::string& why) {
  if (const auto key = line.key_in_file(flag))
    throw std::runtime_error(config::shown_name(from.config) + ": $." + *key
                             + ": " + why);
  throw usage_error("-" + flag + " " + why);
}

/// The password from the flag, the file or the environment, in this order.
std::string password(const cli::command_line& line, const agent_flags& from) {
  const std::string too_long = "has more than the "
                               + std::to_string(config::max_password)
                               + " bytes that a tunnel's password may have";
  auto environment = cli::take_environment("APS_PASSWORD");
  if (from.password.size() > config::max_password)
    refuse(line, from, "password", too_long);
  if (!from.password.empty())
    return from.password;
  std::string error;
  if (!from.password_file.empty()) {
    auto content = cli::read_secret(from.password_file, error);
    if (content && content->size() > config::max_password)
      error = config::shown_name(from.password_file) + " " + too_long;
    if (!error.empty())
      throw std::runtime_error("password file " + error);
    return *content;
  }
  if (environment && !environment->empty()) {
    auto text = cli::one_line(std::move(*environment), error);
    if (text && text->size() > config::max_password)
      error = too_long;
    if (!error.empty())
      throw usage_error("the variable APS_PASSWORD " + error);
    return *text;
  }
  throw usage_error("no password: give -password, -password-file or the "
                    "variable APS_PASSWORD");
}

/// Where `-status` is to listen. Who reaches it sees everything.
agent_status_options status(const cli::command_line& line,
                            const agent_flags& from) {
  std::string error;
  const auto parsed = parse_status(from.status, error);
  agent_status_options result{parsed->host, parsed->port, {}};
  if (!from.status_token_file.empty()) {
    auto content = cli::read_token(from.status_token_file, error);
    if (!content)
      throw std::runtime_error("token file " + error);
    result.token = *content;
  } else if (!config::is_loopback(result.host)) {
    refuse(line, from, "status",
           result.host
             + " is no loopback address: others reach it, so it takes "
             + (line.key_in_file("status") ? "status_token_file"
                                           : "-status-token-file FILE"));
  }
  return result;
}

/// What stands in the file has its keys' names there.
std::string named(const cli::command_line& line, const std::string& flag) {
  const auto key = line.key_in_file(flag);
  return key ? *key : "-" + flag;
}

/// One of two flags that belong together.
struct given_flag {
  const char* name;
  const std::string& value;
};

void want_both(const cli::command_line& line, const agent_flags& from,
               const given_flag& one, const given_flag& other) {
  if (one.value.empty() == other.value.empty())
    return;
  const auto& there = one.value.empty() ? other : one;
  const auto& missing = one.value.empty() ? one : other;
  refuse(line, from, there.name, "takes " + named(line, missing.name));
}

/// TLS to the nodes. Flags that nothing would look at are refused.
client_tls_options node_tls(const cli::command_line& line,
                            const agent_flags& from,
                            const std::vector<agent_server>& servers) {
  want_both(line, from, {"cert", from.cert}, {"key", from.key});
  const std::pair<const char*, bool> given[]
    = {{"ca", !from.ca.empty()},
       {"server-name", !from.server_name.empty()},
       {"cert", !from.cert.empty()},
       {"pin", !from.pins.empty()},
       {"insecure", from.insecure}};
  const bool any = std::any_of(servers.begin(), servers.end(),
                               [](const auto& each) { return each.tls; });
  for (const auto& [flag, is_given] : given)
    if (is_given && !any)
      refuse(line, from, flag,
             "is of no use without " + named(line, "tls")
               + " or an https:// address");
  return {from.ca,  from.server_name, from.cert,
          from.key, from.pins,        from.insecure};
}

/// By custom programs take both spellings, the small one first.
std::string_view variable(const char* small, const char* large) {
  for (const auto* name : {small, large})
    if (const auto* value = std::getenv(name); value && *value)
      return value;
  return {};
}

/// The proxy for a node; null = none.
class proxies {
 public:
  explicit proxies(const agent_flags& from)
      : given_(!from.proxy.empty()),
        text_(given_ ? from.proxy : variable("https_proxy", "HTTPS_PROXY")),
        exceptions_(variable("no_proxy", "NO_PROXY")) {}

  /// Throws usage_error when the environment names what is none.
  http_proxy_ptr of(const agent_server& server) {
    if (text_.empty() || config::lower_case(text_) == no_proxy
        || (!given_ && exceptions_.contain(server.host, server.port)))
      return nullptr;
    if (proxy_)
      return proxy_;
    std::string error;
    const auto found = parse_http_proxy(text_, error);
    if (!found)
      throw usage_error("HTTPS_PROXY " + error
                        + "; or -proxy none to dial without one");
    return proxy_ = std::make_shared<const http_proxy>(*found);
  }

 private:
  const bool given_;
  const std::string text_;
  const proxy_exceptions exceptions_;
  http_proxy_ptr proxy_;
};

duration to_duration(double seconds) {
  return std::chrono::duration_cast<duration>(
    std::chrono::duration<double>(seconds));
}

/// What is published, and what follows from that for the rest.
void publish(const cli::command_line& line, const agent_flags& from,
             agent_options& to) {
  auto targets = from.publish;
  auto names = from.publish_as;
  if (names.size() > targets.size())
    refuse(line, from, "as", "has more names than -publish has targets");
  std::string error;
  for (auto& target : targets)
    target = *parse_published_target(target, error);
  if (!from.publish_file.empty())
    read_publications(from.publish_file, targets, names);
  try {
    to.publications = publications_of(targets, names, to.endpoint);
  } catch (const std::runtime_error& problem) {
    refuse(line, from, "publish", std::string{": "} + problem.what());
  }
  if (to.allowed_targets.empty())
    to.allowed_targets = targets_of(to.publications);
}

/// `from` with values that their flags have checked.
agent_options options(const cli::command_line& line, const agent_flags& from) {
  agent_options result;
  proxies reached_by{from};
  for (const auto& text : from.servers) {
    std::string error;
    const auto parsed = parse_server(text, error, from.tls);
    agent_server server{parsed->host, parsed->port,
                        parsed->tls.value_or(from.tls)};
    server.proxy = reached_by.of(server);
    if (from.tls && !server.tls)
      refuse(line, from, "server",
             cli::quoted(text) + " is plain, which contradicts "
               + (line.key_in_file("tls") ? "tls" : "-tls"));
    if (std::find(result.servers.begin(), result.servers.end(), server)
        != result.servers.end())
      refuse(line, from, "server",
             cli::to_string(*parsed) + " is given twice; each node once");
    result.servers.push_back(server);
  }
  result.tunnel = from.tunnel;
  result.endpoint
    = from.name.empty() ? host::label_name(from.tunnel) : from.name;
  result.password = password(line, from);
  result.transports = transports(from.transport);
  result.instance = from.instance.empty()
                      ? host::instance_name(from.tunnel + "." + result.endpoint)
                      : from.instance;
  result.tls = node_tls(line, from, result.servers);
  result.origin.insecure = from.insecure_target;
  result.origin.ca_file = from.ca_file;
  want_both(line, from, {"target-cert", from.target_cert},
            {"target-key", from.target_key});
  result.origin.cert_file = from.target_cert;
  result.origin.key_file = from.target_key;
  result.origin.connect_timeout = to_duration(from.target_connect_timeout);
  result.origin.read_timeout = to_duration(from.target_timeout);
  result.origin.send_timeout = to_duration(from.target_timeout);
  result.origin.min_rate = from.target_min_rate;
  result.allowed_targets = from.allow_targets;
  publish(line, from, result);
  if (!from.status.empty())
    result.status = status(line, from);
  else if (!from.status_token_file.empty())
    refuse(line, from, "status-token-file",
           std::string{"is of no use without "}
             + (line.key_in_file("status-token-file") ? "status" : "-status"));
  result.version = APS_VERSION;
  result.ends_on_refusal = from.wishes.exit_on_refusal;
  result.examine = [](executor& unit, const agent_server& server,
                      const auto& scope, auto done) {
    // What speaks TLS would only say that it does.
    if (server.tls || server.proxy)
      return done({});
    probe_peer(unit, server.host, server.port, scope, std::move(done));
  };
  return result;
}

/// Runs an agent until a signal, or what `flags.wishes` says. The order of the
/// declarations is the shutdown order, last one first: agent, actor system,
/// network.
link_watch::end run(const agent_flags& flags, agent_options options) {
  const auto log = host::make_log(log_component::agent, flags.log_level);
  caf::core::init_global_meta_objects();
  init_actor_types();
  const auto network = make_network(flags.threads, flags.dns);
  caf::actor_system_config settings;
  host::configure(settings);
  caf::actor_system system{settings};
  std::string nodes;
  for (const auto& server : options.servers) {
    const auto node = cli::to_string({server.host, server.port});
    const auto through
      = server.proxy
          ? ", through the proxy "
              + cli::to_string({server.proxy->host, server.proxy->port})
          : "";
    log.info("{}.{} dials {} over {}{}{}", options.tunnel, options.endpoint,
             node, flags.transport, server.tls ? ", with TLS" : "", through);
    nodes += (nodes.empty() ? "" : ", ") + node;
  }
  if (options.tls.insecure && options.tls.pins.empty())
    log.warn("-insecure: ANY certificate is taken for the node's. Whoever is "
             "between this agent and its node can read and change all that "
             "passes; -ca or -pin would be safe");
  if (options.allowed_targets.empty())
    log.warn("No -allow-target: this agent asks every target that its node "
             "names, but for link-local and cloud metadata addresses");
  link_watch watch{flags.wishes, nodes};
  options.on_report = watch.listener();
  options.log_dropped = [log] { return host::dropped_lines(*log.logger()); };
  const auto status_host = options.status ? options.status->host : "";
  const auto agent
    = spawn_agent(system, std::move(options), network, log.logger());
  if (agent->status_port() != 0)
    log.info("Status at http://{}/.api/stats",
             cli::to_string({status_host, agent->status_port()}));
  const auto end = watch.wait();
  if (end.code == cli::exit_ok)
    log.info("{}: stopping", end.why);
  const std::chrono::duration<double> grace{flags.grace};
  agent->stop(std::chrono::duration_cast<std::chrono::milliseconds>(grace));
  log.info("Stopped");
  return end;
}

} // namespace

int run_agent_program(const agent_program& program, int argc, char** argv) {
  host::prepare_process();
  agent_flags flags;
  if (!program.only.empty())
    flags.transport = program.only;
  cli::command_line line{program.name, program.summary};
  declare(line, flags, program.only.empty());
  const auto code = line.parse(argc, argv, [&]() -> std::optional<int> {
    const auto wrong = flags.config.empty() ? config::problems{}
                                            : read_agent_file(line, flags);
    for (const auto& problem : wrong)
      std::cerr << problem.str() << '\n';
    return wrong.empty() ? std::nullopt : std::optional{cli::exit_failure};
  });
  for (const auto* secret : {"password", "proxy"})
    cli::hide_value(argc, argv, secret);
  if (code)
    return *code;
  try {
    auto ready = options(line, flags);
    if (flags.check) {
      const auto network = make_network(1, flags.dns);
      network->origins(ready.origin); // reads -ca-file, -target-cert
      network->make_tls(ready.tls);   // reads -ca, -cert and -key
      return cli::print(
        program.name,
        (flags.config.empty() ? program.name : config::shown_name(flags.config))
          + ": ok\n");
    }
    flags.password.clear();
    const auto end = run(flags, std::move(ready));
    return end.code == cli::exit_ok ? end.code : line.fail(end.code, end.why);
  } catch (const usage_error& error) {
    return line.fail(cli::exit_usage, error.what());
  } catch (const std::exception& error) {
    return line.fail(cli::exit_failure, error.what());
  }
}

} // namespace aps
