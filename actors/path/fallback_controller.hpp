#pragma once

#include "actors/base/alarm.hpp"
#include "actors/base/endpoint_figures.hpp"
#include "actors/base/node_context.hpp"
#include "actors/policy/absences.hpp"
#include "actors/policy/health/breaker.hpp"
#include "actors/policy/instances.hpp"
#include "actors/policy/limits/address_shares.hpp"
#include "actors/policy/restart.hpp"
#include "actors/policy/transport_choice.hpp"
#include "transports/seam/limits/hold.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aps {

/// Which tunnel and endpoint a controller serves.
struct controller_setup {
  std::string tunnel;
  std::string endpoint;
  config::tunnel settings;
  std::shared_ptr<endpoint_figures> figures; ///< where it writes them
};

/// One endpoint: which transport? Owns the breaker, one pool
/// per transport that an agent offers, and the exchanges that wait for a
/// connection of their session.
class controller_state {
 public:
  static inline const char* name = "aps.fallback_controller";

  controller_state(controller_actor::pointer self, node_context_ptr context,
                   tunnel_actor tunnel, controller_setup setup);

  /// Takes the pools along.
  ~controller_state();

  controller_actor::behavior_type make_behavior();

 private:
  friend struct test::peek;

  /// One transport of the endpoint.
  struct lane {
    transport_kind transport = preferred_transport;
    config::pool settings;
    pool_actor pool; ///< null until an agent offers this transport
    std::vector<member_change> members; ///< live ones
    bool seen = false; ///< had a member at least once
    time_point lost_at{}; ///< when it lost the last one
    pool_status status;
  };

  /// What waits for a connection: of its session, or of any agent that is
  /// expected back.
  struct parked {
    aps::job job;
    time_point since;
    time_point deadline;
    /// Since when another agent could do it.
    std::optional<time_point> alternative_since = {};
    hold share = {}; ///< of its address, while it waits
  };

  static std::array<lane, transport_kinds>
  lanes_of(const config::tunnel& settings);
  lane& of(transport_kind transport);
  lane& primary() { return lanes_.front(); }
  const lane& primary() const { return lanes_.front(); }
  bool hybrid() const;
  size_t live_count() const;

  void dispatch(job&& job);
  bool place(job& job);
  void dispatch_check(job job);
  lane* choose(const job& job);
  std::array<transport_view, transport_kinds> view_of(const job& job, bool healthy) const;
  bool has_live(const lane& lane, const job& job, bool healthy = false) const;
  bool any_live(const job& job) const;
  bool is_live(const session_id& session) const;
  static uint32_t count_of(const lane& lane, const session_id& session);
  void lease_from(lane& lane, job&& job);
  bool count_failure(const std::string& reason);
  void park(job job);
  void keep(parked one);
  std::optional<time_point> awaited_since(const job& job) const;
  void note_absence(const session_id& session, bool farewell);
  size_t max_waiting() const;
  duration absence_memory() const;
  void retry_parked();
  void look_at_parked(time_point now);
  void give_up(job job);
  void leave_session(job job);
  void fail(job job);

  void on_candidate(const candidate_for& message);
  void on_lease_failed(lease_failed& failed);
  void on_orphaned(orphaned& orphans);
  void on_member(const member_change& change);
  void on_growth(const growth_wish& wish);
  void on_status(const pool_status& status);
  /// Whether `candidate` may stay; notes in it whose place it took.
  bool welcome(candidate& candidate);
  /// Agents that serve the endpoint, with the one of `session`.
  uint32_t agents_with(const session_id& session) const;
  void replace(const session_id& session);
  void on_probe(const probe_result& result);
  void on_done(const exchange_done& done);
  void on_reconfigure(const config::tunnel& settings);
  void on_drain();
  void on_mode(const set_fallback_mode& message);
  void look_after();
  void on_pool_down(const caf::down_msg& down);
  caf::result<controller_snapshot> snapshot();

  void wake();
  void spawn_pool(lane& lane);
  void tell_tunnel();
  void tell(event_kind kind, std::string detail, uint64_t number = 0);
  void tell_state(const char* from);

  controller_actor::pointer self_;
  node_context_ptr context_;
  tunnel_actor tunnel_;
  controller_setup setup_;
  breaker breaker_;
  alarm alarm_;
  std::array<lane, transport_kinds> lanes_; ///< in order of preference
  restart_intensity pool_deaths_; ///< above it the endpoint starts over
  std::vector<parked> parked_; ///< first come first
  std::shared_ptr<address_shares> parked_of_
    = std::make_shared<address_shares>();
  fair_share share_; ///< of what is new among them
  absences absences_;
  /// When a session was replaced whose successor has not joined yet.
  std::optional<time_point> succeeded_at_;
  instance_register instances_;
  size_t next_asked_ = 0;
  fallback_mode mode_; ///< by hand
  bool draining_ = false;
};

using controller_impl
  = compat::actor_impl<controller_actor, controller_state>;

} // namespace aps
