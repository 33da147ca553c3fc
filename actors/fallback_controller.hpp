#pragma once

#include "actors/node_context.hpp"
#include "actors/policy/breaker.hpp"

#include <array>
#include <string>
#include <vector>

namespace aps {

/// Which tunnel and endpoint a controller serves.
struct controller_setup {
  std::string tunnel;
  std::string endpoint;
  config::tunnel settings;
};

/// One endpoint (DESIGN 7 and 8): which transport? Owns the breaker, the two
/// pools, and the exchanges that wait for a connection of their session.
class controller_state {
 public:
  static inline const char* name = "aps.fallback_controller";

  controller_state(controller_actor::pointer self, node_context_ptr context,
                   tunnel_actor tunnel, controller_setup setup);

  /// Takes the pools along.
  ~controller_state();

  controller_actor::behavior_type make_behavior();

 private:
  /// One transport of the endpoint. `pool` is null when it is disabled.
  struct lane {
    pool_actor pool;
    std::vector<member_change> members; ///< live ones
    bool seen = false; ///< had a member at least once
  };

  struct parked {
    job what;
    time_point deadline;
  };

  lane& of(transport_kind transport);
  lane& other(transport_kind transport);
  bool hybrid() const;

  void dispatch(job what);
  transport_kind favoured() const;
  bool has_live(const lane& where, const job& what) const;
  void lease_from(transport_kind transport, job what);
  bool count_failure(const std::string& reason);
  void park(job what);
  void retry_parked();
  void give_up(job what);

  void on_candidate(const candidate_for& who);
  void on_lease_failed(lease_failed& failed);
  void on_orphaned(orphaned& orphans);
  void on_member(const member_change& change);
  void on_growth(const growth_wish& wish);
  void on_probe(const probe_result& result);
  void on_done(const exchange_done& done);
  void on_drain();
  void on_tick();
  void on_pool_down(const caf::down_msg& down);
  caf::result<controller_snapshot> snapshot();

  void arm_tick();
  void spawn_pool(transport_kind transport);
  void tell(event_kind kind, std::string detail, uint64_t number = 0);
  void tell_state(const char* from);

  controller_actor::pointer self_;
  node_context_ptr context_;
  tunnel_actor tunnel_;
  const controller_setup setup_;
  breaker breaker_;
  std::array<lane, 2> lanes_; ///< gRPC, WebSocket
  std::vector<parked> parked_;
  size_t next_asked_ = 0;
  bool draining_ = false;
};

using controller_impl
  = compat::actor_impl<controller_actor, controller_state>;

} // namespace aps
