#pragma once

#include "transports/seam/network.hpp"

#include <chrono>
#include <functional>
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

/// What an agent has to say about its relation to one node.
struct agent_report {
  enum class news {
    connected, ///< the first connection stands
    lost,      ///< the last one is gone
    refused,   ///< the node will not take this agent, however often it asks
    failed,    ///< cannot connect; tries again
  };
  agent_server server;
  news what = news::failed;
  std::string text; ///< the line of the log, for `refused` and `failed`
};

/// Finds out in words what answers at a server that is no node of ours; ""
/// when there is nothing to say. Starts on any thread, may be cancelled by
/// closing `scope`, and calls `done` once, on any thread.
using peer_examiner
  = std::function<void(executor& unit, const agent_server& server,
                       const std::shared_ptr<live_set>& scope,
                       std::function<void(std::string)> done)>;

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

  /// Called with what happens, on an actor's thread; must not block. Optional.
  std::function<void(const agent_report&)> on_report = {};
  /// Explains failures, before they are logged. Optional.
  peer_examiner examine = {};
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
