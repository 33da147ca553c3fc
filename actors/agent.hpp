#pragma once

#include "transports/seam/origins.hpp"
#include "transports/seam/probe_request.hpp"
#include "transports/seam/tls/client_tls.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace spdlog {
class logger;
} // namespace spdlog

namespace aps {

class live_set;    // transports/seam/live_set.hpp
class network;     // transports/seam/network.hpp
struct http_proxy; // dito

struct agent_server {
  std::string host;
  uint16_t port = 0;
  bool tls = false;
  /// To go through; null = it is dialled directly.
  std::shared_ptr<const http_proxy> proxy = nullptr;

  bool operator==(const agent_server&) const = default;
};

/// What an agent is to be found as, at its node.
struct agent_publication {
  std::string name;   ///< "" = after its endpoint; a label, host or path
  std::string target; ///< URL
};

/// What an agent has to say about its relation to one node.
struct agent_report {
  enum class news {
    connected,   ///< the first connection stands
    lost,        ///< the last one is gone
    refused,     ///< the node will not take this agent, however often it asks
    failed,      ///< cannot connect; tries again
    published,   ///< the node gave it a name
    unpublished, ///< the node does not give it a name; it asks again
  };
  agent_server server;
  news kind = news::failed;
  std::string text;     ///< the line of the log, for all but the first two
  std::string url = {}; ///< of `published`, and what stands behind it
  std::string target = {};
};

/// Finds out in words what answers at a server that connects nobody; no text
/// when there is nothing to say. Starts on any thread, may be cancelled by
/// closing `scope`, and calls `done` once, on any thread.
using peer_examiner
  = std::function<void(executor& unit, const agent_server& server,
                       const std::shared_ptr<live_set>& scope,
                       std::function<void(peer_finding)> done)>;

/// Where an agent tells how it is, over HTTP: /.api/health, /.api/ready,
/// /.api/stats and /metrics.
struct agent_status_options {
  std::string host = "127.0.0.1"; ///< an IP address
  uint16_t port = 0;              ///< 0 = any free port
  std::string token; ///< asked for ("Authorization: Bearer"); empty = nobody is
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
  origin_options origin; ///< its `admits` and `on_forbidden` are the agent's
  client_tls_options tls = {}; ///< to the servers that have it

  /// Patterns of the targets to ask (config/access/target_rules.hpp), whatever
  /// nodes say; none = everything but addresses of the link and of clouds'
  /// services.
  std::vector<std::string> allowed_targets = {};

  /// Names that it asks its nodes for.
  std::vector<agent_publication> publications = {};

  /// Called with what happens, on an actor's thread; must not block. Optional.
  std::function<void(const agent_report&)> on_report = {};
  /// Explains failures, before they are logged. Optional.
  peer_examiner examine = {};
  /// The host ends with the first `agent_report::news::refused`: no line of the
  /// log says that it would be tried again.
  bool ends_on_refusal = false;

  std::optional<agent_status_options> status = {}; ///< nothing = no listener
  std::string version = {};                        ///< of the host; shown
  /// Lines that the log lost; empty = it never does.
  std::function<uint64_t()> log_dropped = {};
};

/// An agent inside somebody's actor system. Does not own the system or the
/// network; both must outlive it.
class agent {
 public:
  virtual ~agent() = default;

  /// The port of the status listener; 0 = there is none.
  virtual uint16_t status_port() const noexcept = 0;

  /// Drains for at most `grace`, then closes everything. Blocks; must not be
  /// called from an actor or a unit thread. Idempotent; the destructor calls
  /// it with no grace.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// Starts an agent; dials and redials by itself from then on. The password's
/// key takes some 50 ms, for which nobody waits here. Throws
/// std::runtime_error when a file of `options` cannot be read or a pattern is
/// none, and std::system_error when the port of `options.status` cannot be
/// opened; then nothing is left running.
std::unique_ptr<agent> spawn_agent(caf::actor_system& system,
                                   agent_options options,
                                   std::shared_ptr<network> net,
                                   std::shared_ptr<spdlog::logger> log);

} // namespace aps
