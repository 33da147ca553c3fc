#pragma once

#include "actors/admin/document.hpp"
#include "actors/admin/grpc/watch/watch_queue.hpp"
#include "actors/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace aps::admin {

/// Where a watcher's messages go: the call's side of gRPC. Thread: any, one
/// call at a time.
class watch_sink {
 public:
  virtual ~watch_sink() = default;

  /// Whom to tell, before anything else; to be stopped when the reader is gone.
  virtual void begin(caf::actor watcher) = 0;

  /// Takes one message; `acknowledge` to the watcher tells that the next may
  /// come. Precondition: no other is on its way.
  virtual void write(std::string message) = 0;

  /// The last word, once.
  virtual void end(const grpc::Status& status) = 0;
};

/// What a watcher is about.
struct watch_wish {
  event_filter filter;
  std::optional<uint64_t> after = {}; ///< as in `subscribe`
};

/// What a watcher needs of its node.
struct watch_sources {
  std::string node_id;
  monitor_actor monitor;
  /// Whose end is the watcher's, too.
  caf::actor door;
  /// Asks for what there is, as GetSnapshot does; the answer may come on any
  /// thread.
  std::function<void(std::function<void(const document&)>)> ask_snapshot;
};

/// A subscriber of the monitor: what it hears goes to `sink`, one message at a
/// time, behind a snapshot. What is written is its credit, so who does not read
/// costs `watch_queue::room` and is told what was left out. Stopped when the
/// reader is gone; says the last word when it ends.
caf::behavior watcher(caf::event_based_actor* self, watch_sources from,
                      watch_wish wish, watch_sink* sink);

} // namespace aps::admin
