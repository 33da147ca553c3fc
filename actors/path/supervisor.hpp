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
  void set_keys(const std::string& tunnel_name, const config::tunnel& settings);
  void publish();
  void on_reconfigure(const reconfigure_node& message);
  void on_down(const caf::down_msg& down);
  using choice_ptr = std::shared_ptr<const endpoint_choice>;
  using answer_promise = caf::typed_response_promise<node_snapshot>;

  caf::result<node_snapshot> snapshot(const choice_ptr& choice);
  void look_at_worst(const choice_ptr& choice, answer_promise promise);
  template <class Question, class Done>
  void ask_tunnels(Question question, Done done);
  node_snapshot complete(std::vector<tunnel_snapshot> answers) const;

  supervisor_actor::pointer self_;
  node_context_ptr context_;
  std::map<std::string, child> children_;
  config_mappings mappings_; ///< that the tunnels know of
};

using supervisor_impl
  = compat::actor_impl<supervisor_actor, supervisor_state>;

} // namespace aps
