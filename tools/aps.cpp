// The node: listens for visitors and agents as its configuration says.
#include "actors/init.hpp"
#include "actors/node.hpp"
#include "actors/watch/event_text.hpp"
#include "config/check/advice.hpp"
#include "config/config.hpp"
#include "config/syntax/file.hpp"
#include "tools/cli/cli.hpp"
#include "tools/cli/values.hpp"
#include "tools/grpc_module/grpc_module.hpp"
#include "tools/hash_password.hpp"
#include "tools/host.hpp"
#include "tools/panel/assets.hpp"
#include "transports/real_network.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <spdlog/logger.h>

#include <chrono>
#include <iostream>
#include <string_view>

namespace {

struct options {
  std::string config;
  bool check = false;
  bool strict = false;
  std::string log_level;
  std::string log_format;
  double grace = 5;
};

/// The configuration as the flags change it. Problems name file and key.
aps::config::result read(const options& options,
                         std::vector<std::string>& warnings) {
  auto loaded = aps::config::load(options.config, warnings);
  if (auto* config = std::get_if<aps::config::node>(&loaded))
    if (!options.log_format.empty())
      config->log.format = options.log_format;
  return loaded;
}

void log_start(const aps::config::node& config, const aps::node& node) {
  const auto& log = node.log();
  for (const auto& [name, port] : node.ports())
    log.info("Server {} listens on {}", name,
             aps::cli::to_string({config.servers.at(name).host, port}));
  if (config.admin && config.admin->host.starts_with("unix:"))
    log.info("Admin listener at {0}; apsctl -admin {0}", config.admin->host);
  else if (config.admin)
    log.info("Statistics at http://{0}/.api/stats, panel at "
             "http://{0}/.admin/",
             aps::cli::to_string({config.admin->host, node.admin_port()}));
  if (node.grpc_port() != 0)
    log.info("Monitor over gRPC at {}",
             aps::cli::to_string({config.admin->grpc->host, node.grpc_port()}));
  log.info("{}, {}; ready",
           aps::counted(config.tunnels.size(), "tunnel"),
           aps::counted(config.mappings.size(), "mapping"));
}

/// SIGHUP: reads the configuration again; a broken one changes nothing.
void reload(aps::node& node, const options& options) {
  std::vector<std::string> warnings;
  const auto loaded = read(options, warnings);
  if (const auto* problems = std::get_if<aps::config::problems>(&loaded)) {
    for (const auto& problem : *problems)
      node.log().error("{}", problem.str());
    node.log().error("{} is not used; everything stays as it was",
                     aps::config::shown_name(options.config));
    return node.note_broken_config();
  }
  node.reload(std::get<aps::config::node>(loaded));
}

/// Runs a node until a signal. The order of the declarations is the shutdown
/// order, last one first: node, actor system, network.
void run(const aps::config::node& config, const options& options) {
  const auto level
    = options.log_level.empty() ? config.log.level : options.log_level;
  const auto log = aps::host::make_log(aps::log_component::node, level,
                                       config.log.format == "json");
  caf::core::init_global_meta_objects();
  aps::init_actor_types();
  const auto network = aps::make_network(config.io.threads, config.dns.servers);
  caf::actor_system_config settings;
  aps::host::configure(settings,
                       config.admin && config.admin->actor_metrics);
  caf::actor_system system{settings};
  const auto node = aps::spawn_node(
    system, config, network, log.logger(),
    {APS_VERSION, aps::panel::assets(),
     [log] { return aps::host::dropped_lines(*log.logger()); },
     &aps::open_grpc_module});
  log_start(config, *node);
  const auto reloaded = [&] { reload(*node, options); };
  node->log().info("{}: stopping", aps::host::wait_for_stop(reloaded));
  const std::chrono::duration<double> grace{options.grace};
  node->stop(std::chrono::duration_cast<std::chrono::milliseconds>(grace));
  node->log().info("Stopped");
}

/// Says why there will be no node, as its log would have.
void log_failure(const std::string& problem) {
  aps::host::make_log(aps::log_component::node, "error", true)
    .error("{}", problem);
}

} // namespace

int main(int argc, char** argv) {
  aps::host::prepare_process();
  if (argc > 1 && argv[1] == std::string_view("hash-password"))
    return aps::cli::hash_password(argc - 1, argv + 1);
  options options;
  aps::cli::command_line line{
    "aps", "The node of APS: passes visitors' requests to agents that dial in. "
           "`aps hash-password` makes the hash of a visitor's password."};
  line.add({.names = "config",
            .value = "FILE",
            .help = "Configuration, JSON with comments; works without -config "
                    "as well",
            .required = true,
            .bare = true},
           options.config);
  line.add({"check", "", "Only validate the configuration"}, options.check);
  line.add({"strict", "", "Warnings of the check are failures"},
           options.strict);
  line.add({"log-level", "LEVEL",
            "One of trace, debug, info, warning, error, off (default: what the "
            "configuration says, or info)"},
           options.log_level, aps::cli::log_levels());
  line.add({"log-format", "FORMAT",
            "text or json (default: what the configuration says, or text)"},
           options.log_format, {"text", "json"});
  line.add({"grace", "SECONDS", "How long live requests may end on shutdown"},
           options.grace);
  if (const auto code = line.parse(argc, argv))
    return *code;
  std::vector<std::string> warnings;
  const auto loaded = read(options, warnings);
  if (const auto* problems = std::get_if<aps::config::problems>(&loaded)) {
    const bool json = options.log_format == "json" && !options.check;
    for (const auto& problem : *problems)
      if (json)
        log_failure(problem.str());
      else
        std::cerr << problem.str() << '\n';
    return aps::cli::exit_failure;
  }
  if (options.check || options.strict)
    for (const auto& warning : warnings)
      std::cerr << warning << '\n';
  if (options.strict && !warnings.empty())
    return aps::cli::exit_failure;
  if (options.check)
    return aps::cli::print("aps",
                           aps::config::shown_name(options.config) + ": ok\n");
  try {
    run(std::get<aps::config::node>(loaded), options);
    return aps::cli::exit_ok;
  } catch (const std::exception& error) {
    if (std::get<aps::config::node>(loaded).log.format != "json")
      return line.fail(aps::cli::exit_failure, error.what());
    log_failure(error.what());
    return aps::cli::exit_failure;
  }
}
