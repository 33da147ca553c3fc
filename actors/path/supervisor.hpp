#pragma once

#include "actors/base/node_context.hpp"
#include "actors/policy/restart.hpp"

#include <map>
#include <string>

namespace aps {

/// Who is restarted, in which order, how often? Parent of a node's tunnels.
/// A tunnel that dies of an error is started again; more than a few deaths in
/// a short time end the restarts, and the tunnel stays away with its reason.
class supervisor_state {
 public:
  static inline const char* name = "aps.supervisor";

  supervisor_state(supervisor_actor::pointer self, node_context_ptr context);

  /// Takes the tunnels along.
  ~supervisor_state();

  supervisor_actor::behavior_type make_behavior();

 private:
  struct child {
    tunnel_actor actor;
    config::tunnel settings;
    restart_intensity deaths;
  };

  void start(const std::string& tunnel_name, child& which);
  void publish();
  void on_reconfigure(const reconfigure_node& message);
  void on_down(const caf::down_msg& down);
  caf::result<node_snapshot> snapshot();
  node_snapshot complete(std::vector<tunnel_snapshot> answers) const;

  supervisor_actor::pointer self_;
  node_context_ptr context_;
  std::map<std::string, child> children_;
  config_mappings mappings_; ///< in effect; null = as at the start
};

using supervisor_impl
  = compat::actor_impl<supervisor_actor, supervisor_state>;

} // namespace aps
