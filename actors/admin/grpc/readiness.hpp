#pragma once

#include "actors/messages.hpp"

#include <caf/event_based_actor.hpp>

#include <functional>

namespace aps::admin {

/// What the follower of the node's readiness needs. Each is called on the
/// actor.
struct readiness_outlets {
  /// Asks whether the node is ready, as `/.api/ready` does; the answer may come
  /// on any thread.
  std::function<void(std::function<void(bool ready)>)> ask;
  /// Is told what came of it.
  std::function<void(bool ready)> tell;
};

/// Asks at the start, within a second of an event that may have changed
/// something, and now and then.
caf::behavior readiness(caf::event_based_actor* self, monitor_actor monitor,
                        readiness_outlets to);

} // namespace aps::admin
