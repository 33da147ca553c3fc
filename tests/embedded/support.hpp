#pragma once

#include "actors/node.hpp"
#include "config/config.hpp"
#include "transports/real_network.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace aps::test {

inline std::shared_ptr<spdlog::logger> silent() {
  return std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::null_sink_mt>());
}

inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (condition())
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

inline config::node node_config() {
  config::node out;
  out.servers["main"].host = "127.0.0.1";
  out.admin.emplace().port = 0;
  auto& tunnel = out.tunnels["t"];
  tunnel.servers = {"main"};
  tunnel.password = "secret";
  return out;
}

// Somebody's application: one actor system, one network.
struct host {
  host() : net(make_network(2)), system(settings) {}
  explicit host(caf::actor_system_config& own)
      : net(make_network(2)), system(own) {}

  std::shared_ptr<network> net;
  caf::actor_system_config settings;
  caf::actor_system system;
};

} // namespace aps::test
