#pragma once

#include "config/config.hpp"
#include "transports/seam/network.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace caf {
class actor_system;
} // namespace caf

namespace spdlog {
class logger;
} // namespace spdlog

namespace aps {

/// A node inside somebody's actor system: listeners and the actors behind
/// them. Does not own the system or the network; both must outlive it.
class node {
 public:
  virtual ~node() = default;

  /// The port of each server by name; tells ports that were asked for as 0.
  virtual const std::map<std::string, uint16_t>& ports() const noexcept = 0;

  /// The port of the admin listener; 0 = there is none.
  virtual uint16_t admin_port() const noexcept = 0;

  /// Applies what can change while it runs: the settings of the pools, of
  /// fallback and of the waiting times of tunnels that exist. Returns true
  /// when `config` differs from the running one in anything else, which takes
  /// a restart. Thread: any but an actor's.
  virtual bool reload(const config::node& config) = 0;

  /// Stops accepting, lets live exchanges end for at most `grace`, fails the
  /// rest with 503, closes links, ends the actors (DESIGN 11). Blocks; must
  /// not be called from an actor or a unit thread. Idempotent; the destructor
  /// calls it with no grace.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// Starts a node. Throws std::system_error when a port cannot be opened; then
/// nothing is left running. `log` receives its log lines.
std::unique_ptr<node> spawn_node(caf::actor_system& system,
                                 const config::node& config,
                                 std::shared_ptr<network> net,
                                 std::shared_ptr<spdlog::logger> log);

} // namespace aps
