#pragma once

#include "transports/seam/network.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace spdlog {
class logger;
} // namespace spdlog

namespace aps {

struct agent_server {
  std::string host;
  uint16_t port = 0;
};

struct agent_options {
  std::vector<agent_server> servers; ///< each gets its own pools
  std::string tunnel;
  std::string endpoint;
  std::string password;
  std::vector<transport_kind> transports; ///< which to use at once
  /// Names this agent across its restarts, so that a node drops its former
  /// session at once; no two live agents may share it. Empty = none.
  std::string instance;
  origin_options origin;
};

/// An agent inside somebody's actor system. Does not own the system or the
/// network; both must outlive it.
class agent {
 public:
  virtual ~agent() = default;

  /// Drains for at most `grace`, then closes everything. Blocks; must not be
  /// called from an actor or a unit thread. Idempotent; the destructor calls
  /// it with no grace.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// Starts an agent; dials and redials by itself from then on. Throws
/// std::runtime_error when `options.origin.ca_file` cannot be read.
std::unique_ptr<agent> spawn_agent(caf::actor_system& system,
                                   agent_options options,
                                   std::shared_ptr<network> net,
                                   std::shared_ptr<spdlog::logger> log);

} // namespace aps
