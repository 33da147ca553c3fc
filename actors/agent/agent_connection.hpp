#pragma once

#include "actors/agent/agent_context.hpp"
#include "actors/policy/health/liveness.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace aps {

/// One transport connection of a session, agent side: shows the password,
/// hands requests to the agent actor and frames to the exchanges they are
/// for, and finds out when the node is gone. Owns its link; ends with it.
class agent_connection_state {
 public:
  static inline const char* name = "aps.agent_connection";

  agent_connection_state(agent_connection_actor::pointer self,
                         agent_context_ptr context, agent_actor agent,
                         link_ptr link);

  /// Drops the link, whatever ended the actor.
  ~agent_connection_state();

  agent_connection_actor::behavior_type make_behavior();

 private:
  enum class phase { greeting, proving, live, closing };

  /// Frames of an exchange wait here until the agent said where they belong.
  struct pending {
    served_exchange_ptr to;
    frame_batch waiting;
  };

  void on_frames(link_frames& batch);
  void on_exchange_frame(frame& frame, time_point now);
  void keep_early(pending& entry, frame& frame);
  void violation(const char* text);
  void on_connection_frame(frame& frame);
  void on_challenge(const challenge_frame& challenge);
  void on_welcome(const welcome_frame& welcome);
  void on_live_frame(frame& frame);
  void look_at_secrecy();
  void on_closed(const link_closed& closed);
  void on_route(route_frames& message);
  void on_finished(const exchange_finished& done);
  void on_retire(const retire& message);
  void look_after();
  void wake();

  agent_connection_actor::pointer self_;
  agent_context_ptr context_;
  agent_actor agent_;
  link_ptr link_;
  phase phase_ = phase::greeting;
  time_point opened_;
  liveness liveness_;
  alarm alarm_;
  hello_frame hello_;
  std::string name_;
  std::string node_;
  exchange_owner_ptr owner_;
  std::unordered_map<exchange_id, pending> pending_;
  size_t early_bytes_ = 0; ///< of all that waits in `pending_`
  std::optional<refused_frame> refused_;
  bool node_drains_ = false;
  bool worked_ = false; ///< carried an exchange
  bool counted_ = false; ///< in `agent_context::connections`
};

using agent_connection_impl
  = compat::actor_impl<agent_connection_actor, agent_connection_state>;

} // namespace aps
