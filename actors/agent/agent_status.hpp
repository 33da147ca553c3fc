#pragma once

#include "actors/actors.hpp"
#include "actors/agent/agent_context.hpp"
#include "actors/watch/process_metrics.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace aps {

/// What the status listener of an agent shows. Thread-safe.
struct agent_status_context {
  caf::actor_system& system;
  agent_context_ptr agent; ///< of any of its nodes
  std::vector<agent_actor> actors;
  std::string version;
  std::string token; ///< "" = none is asked for
  std::shared_ptr<process_metrics> process;
  std::shared_ptr<std::atomic<bool>> stopping;
};

/// The status listener's side: health, readiness, metrics and statistics of an
/// agent, on the machinery of the node's admin listener. What it refuses goes
/// to the agent's log.
front_ptr make_agent_status(agent_status_context context);

} // namespace aps
