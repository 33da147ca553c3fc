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

  /// Applies what is live in it, such as the settings of the pools
  /// (`config::in_effect`). Returns true when `config` differs from the running
  /// one in anything else, which takes a restart. Thread: any but an
  /// actor's.
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

/// What a host may give a node beside its configuration.
struct node_options {
  std::string version;
  std::vector<asset> assets; ///< the panel and the API's description
  /// Lines that the log lost; empty = it never does.
  std::function<uint64_t()> log_dropped = {};
};

/// Starts a node. Throws std::system_error when a port cannot be opened; then
/// nothing is left running. `log` receives its log lines.
std::unique_ptr<node> spawn_node(caf::actor_system& system,
                                 const config::node& config,
                                 std::shared_ptr<network> net,
                                 std::shared_ptr<spdlog::logger> log,
                                 node_options options = {});

} // namespace aps
