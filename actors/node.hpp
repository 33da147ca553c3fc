#pragma once

#include "actors/actors.hpp"
#include "config/config.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace spdlog {
class logger;
} // namespace spdlog

namespace aps {

namespace admin {
struct context; // actors/admin/call.hpp
} // namespace admin

class network; // transports/seam/network.hpp
class component_log; // actors/watch/component_log.hpp

/// A node inside somebody's actor system: listeners and the actors behind
/// them. Does not own the system or the network; both must outlive it.
class node {
 public:
  virtual ~node() = default;

  /// The port of each server by name; tells ports that were asked for as 0.
  virtual const std::map<std::string, uint16_t>& ports() const noexcept = 0;

  /// The port of the admin listener; 0 = there is none.
  virtual uint16_t admin_port() const noexcept = 0;

  /// The port of the monitor over gRPC; 0 = there is none.
  virtual uint16_t grpc_port() const noexcept = 0;

  /// Applies what is live in it, such as mappings and the settings of the pools
  /// (`config::in_effect`): all of the mappings or, if one of them cannot be
  /// used, none, which log and event say. What runs ends as it began. Returns
  /// true when `config` differs from the running one in anything, which then
  /// takes a restart. Thread: any but an actor's, one at a time.
  virtual bool reload(const config::node& config) = 0;

  /// Says that the host could not read its configuration again, so that what
  /// runs may be older than the file: `config_stale` in stats and metrics,
  /// until the next `reload`. Thread: any.
  virtual void note_broken_config() = 0;

  /// Who is told of everything that happens; takes `subscribe` and lists the
  /// live actors (actors/events.hpp). Lives until `stop`.
  virtual monitor_actor monitor() const = 0;

  /// For the host's own lines: the log of the component `node`, so that its
  /// level holds for them, too. Thread: any.
  virtual const component_log& log() const noexcept = 0;

  /// Stops accepting, lets live exchanges end for at most `grace`, fails the
  /// rest with 503, closes links, ends the actors. Blocks; must
  /// not be called from an actor or a unit thread. Idempotent; the destructor
  /// calls it with no grace.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// A file that the admin listener serves. The bytes live as long as the
/// process.
struct asset {
  std::string_view path; ///< e.g. "/.admin/index.html"
  std::string_view bytes;
};

/// A way in for operators beside the admin listener, which a host brings.
class operator_door {
 public:
  virtual ~operator_door() = default;

  virtual uint16_t port() const noexcept = 0;

  /// Takes nobody any more, ends what runs, by force after `limit`. Blocks; not
  /// from an actor or a unit thread. Idempotent.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

/// Opens one; throws std::system_error or std::runtime_error naming key,
/// address and reason.
using open_operator_door = std::unique_ptr<operator_door> (*)(
  const std::shared_ptr<const admin::context>& context);

/// What a host may give a node beside its configuration.
struct node_options {
  std::string version;
  std::vector<asset> assets; ///< the panel and the API's description
  /// Lines that the log lost; empty = it never does.
  std::function<uint64_t()> log_dropped = {};
  /// What serves `admin.grpc` (actors/admin/grpc/grpc_door.hpp); null = a
  /// configuration with it is refused.
  open_operator_door open_grpc = nullptr;
};

/// Starts a node. Throws std::system_error or std::runtime_error when a port
/// cannot be opened; then nothing is left running. `log` receives its log
/// lines.
std::unique_ptr<node> spawn_node(caf::actor_system& system,
                                 const config::node& config,
                                 std::shared_ptr<network> net,
                                 std::shared_ptr<spdlog::logger> log,
                                 node_options options = {});

} // namespace aps
