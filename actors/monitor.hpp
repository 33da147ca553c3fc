#pragma once

#include "actors/messages.hpp"
#include "actors/compat.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <vector>

namespace aps {

/// Who is told (DESIGN 10)? Turns events into log lines and passes them on to
/// subscribers; drops those that died.
class monitor_state {
 public:
  static inline const char* name = "aps.monitor";

  monitor_state(monitor_actor::pointer self,
                std::shared_ptr<spdlog::logger> log);

  monitor_actor::behavior_type make_behavior();

 private:
  void on_event(const event& what);
  void on_subscribe();

  monitor_actor::pointer self_;
  std::shared_ptr<spdlog::logger> log_;
  std::vector<caf::actor> subscribers_;
};

using monitor_impl = compat::actor_impl<monitor_actor, monitor_state>;

} // namespace aps
