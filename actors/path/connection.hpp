#pragma once

#include "actors/base/alarm.hpp"
#include "actors/base/node_context.hpp"
#include "actors/path/rehearsal.hpp"
#include "actors/policy/health/liveness.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/limits/token_bucket.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace aps {

/// One transport connection of a session, node side: which pending
/// request? Greets the agent, joins a pool, carries leased exchanges, and
/// finds out when the other side is gone. Owns its link; ends with it.
class connection_state {
 public:
  static inline const char* name = "aps.connection";

  connection_state(connection_actor::pointer self, node_context_ptr context,
                   link_ptr link, std::string connection_name,
                   std::string nonce);

  /// Drops the link, whatever ended the actor.
  ~connection_state();

  connection_actor::behavior_type make_behavior();

 private:
  enum class phase { greeting, admission, live, draining, closing };

  void on_frames(link_frames& batch);
  void on_connection_frame(frame& frame);
  void on_hello(hello_frame& hello);
  void on_pong(const pong_frame& pong);
  void on_closed(const link_closed& closed);
  void note_limit(limit kind, std::string_view detail);
  void on_admitted(admitted& welcome);
  void on_rejected(const rejected& no);
  void refuse_unproven();
  void refuse_proof();
  void look_at_greeting(time_point now);
  time_point greeting_ends() const;
  void on_carry(carry& leased);
  void on_finished(const exchange_finished& done);
  void on_retire(const retire& message);
  void on_release(const release& moved);
  void on_probe(probe& message);
  void on_operate(const operate& message);
  void on_publish(publish_frame& wanted);
  void on_published(names_published& message);
  void handle_frames(link_frames& batch);
  rehearsal& faults();
  bool hold_back(link_frames& batch);
  void look_at_held();
  connection_snapshot snapshot() const;
  void ping_now();
  void report_health();
  void look_after();
  void wake();
  std::string_view untold_reason(refusal why) const;
  void refuse(refusal why, close_reason reason, uint32_t retry_after_ms);
  void close_if_drained();
  void report_probes(bool good);
  void end(link_error why, const std::string& detail,
           const std::vector<exchange_id>& unsent = {});

  connection_actor::pointer self_;
  node_context_ptr context_;
  link_ptr link_;
  const std::string name_;
  const std::string nonce_;
  const std::string
    binding_; ///< of its TLS, which a proof has in it; may be empty
  phase phase_ = phase::greeting;
  time_point opened_;
  time_point refused_at_ = never; ///< if it does not prove itself
  bool keys_missing_ = false;     ///< of some tunnel, when the hello came
  bool unproven_ = false;         ///< its proof was wrong
  bool slowed_ = false;           ///< its address guesses too much
  liveness liveness_;
  alarm alarm_;
  double reported_ = 0;       ///< round trip time that the pool knows, in ms
  bool report_wanted_ = true; ///< the next one whatever it is
  hello_frame hello_;
  token_bucket publish_frames_;
  pool_actor pool_;
  hold share_; ///< of its tunnel's descriptors
  exchange_owner_ptr owner_;
  std::unordered_map<exchange_id, exchange_ptr> pending_;
  std::vector<probe> probes_;
  std::shared_ptr<carrier> carrier_ = std::make_shared<carrier>();
  std::unique_ptr<rehearsal> rehearsal_; ///< null until an operator asks
  close_reason retire_reason_ = close_reason::normal;
  std::string retire_detail_;
};

using connection_impl = compat::actor_impl<connection_actor, connection_state>;

/// Spawns the actor of an accepted link and starts the link.
/// Thread: the link's unit.
connection_actor spawn_connection(caf::actor_system& system,
                                  const node_context_ptr& context,
                                  link_ptr link);

} // namespace aps
