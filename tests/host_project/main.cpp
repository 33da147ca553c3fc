// A program with an actor system of its own that has a node in it, watches it
// and ends after what it saw first. README shows the parts between the marks.
#include "actors/agent.hpp"
#include "actors/events.hpp"
#include "actors/init.hpp"
#include "actors/node.hpp"
#include "transports/real_network.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <future>
#include <iostream>
#include <utility>

std::promise<void> heard;

void note(const aps::event& event) {
  std::cout << to_string(event.kind) << std::endl;
  static bool first = true;
  if (event.kind == aps::event_kind::connection_opened
      && std::exchange(first, false))
    heard.set_value();
}

// [README: watcher]
caf::behavior watcher(caf::event_based_actor* self, aps::monitor_actor monitor) {
  self->send(monitor, aps::subscribe{}); // or with a filter and more credit
  return {
    [](const aps::monitor_snapshot&) {}, // who lives, with handles
    [=](const aps::event& event) { // every event, in order
      note(event);
      self->send(monitor, aps::acknowledge{1});
    },
    [](const aps::missed&) {}, // too slow: so many were left out
  };
}
// [end]

int main() {
  aps::config::node config;
  config.servers["main"].host = "127.0.0.1";
  config.tunnels["team"].servers = {"main"};
  config.tunnels["team"].password = "a password";
  const auto log = std::make_shared<spdlog::logger>(
    "host", std::make_shared<spdlog::sinks::stderr_sink_mt>());

  // [README: host]
  caf::core::init_global_meta_objects();
  aps::init_actor_types(); // beside CAF's own
  caf::actor_system_config settings;
  auto net = aps::make_network(2); // I/O threads; outlives the system
  caf::actor_system system{settings};
  auto node = aps::spawn_node(system, config, net, log);
  auto watching = system.spawn(watcher, node->monitor());
  // [end]

  aps::agent_options options;
  options.servers = {{"127.0.0.1", node->ports().at("main")}};
  options.tunnel = "team";
  options.endpoint = "self";
  options.password = "a password";
  options.transports = {aps::transport_kind::websocket};
  auto agent = aps::spawn_agent(system, options, net, log);
  // Until it heard of a connection; then all of it ends.
  heard.get_future().wait_for(std::chrono::seconds(30));
  agent->stop(std::chrono::seconds(1));
  node->stop(std::chrono::seconds(1));
  caf::anon_send_exit(watching, caf::exit_reason::user_shutdown);
}
