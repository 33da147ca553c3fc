#pragma once

#include "actors/base/alarm.hpp"
#include "actors/base/endpoint_figures.hpp"
#include "actors/base/node_context.hpp"
#include "actors/policy/balance.hpp"
#include "actors/policy/limits/address_shares.hpp"
#include "actors/policy/restart.hpp"
#include "actors/policy/sizing.hpp"
#include "config/networks.hpp"
#include "transports/seam/limits/hold.hpp"

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace aps {

/// Who a pool belongs to and by which rules it lives.
struct pool_setup {
  std::string tunnel;
  std::string endpoint;
  transport_kind transport = preferred_transport;
  config::pool settings;
  uint32_t resume_time_ms = 0;
  std::shared_ptr<pool_figures> figures ///< where it writes them
    = std::make_shared<pool_figures>();
};

/// How often a pool with work is looked after.
inline constexpr duration busy_interval = std::chrono::milliseconds(250);

/// The connections of one endpoint over one transport: which
/// connection? Holds the leases, the waiting queue and the size, lifetime and
/// health policy. Frames never pass through it. pool.cpp is what a request
/// meets, pool_upkeep.cpp what time brings.
class pool_state {
 public:
  static inline const char* name = "aps.pool";

  pool_state(pool_actor::pointer self, node_context_ptr context,
             controller_actor controller, pool_setup setup);

  pool_actor::behavior_type make_behavior();

 private:
  friend struct test::peek;

  /// What the policies do not need to see of a member.
  struct member {
    connection_actor actor;
    caf::actor_addr address;
    std::string name;
    std::string peer;
    session_id session{};
    std::unordered_map<exchange_id, job> leases;
    fading_count failures;
    bool worked = false; ///< carried an exchange
    uint32_t ejections = 0;
    time_point ejected_until{};
    time_point readmitted_at{};
    bool probing = false; ///< ejected, and its probe is under way
    bool late = false; ///< its answer is overdue, and nothing else came
    time_point draining_since{};
    std::string retired; ///< why it drains
    std::shared_ptr<const link_counters> counters;
    std::string credential; ///< it came with
  };

  struct waiter {
    aps::job job;
    time_point deadline;
    hold share; ///< of the queue
  };

  // -- pool.cpp: members and leases -------------------------------------------

  void on_candidate(const candidate& candidate);
  bool make_room_for(uint64_t session);
  void drop_silent(const session_id& session);
  bool all_silent() const;
  void on_lease(lease& wanted);
  void on_returned(const returned& done);
  void on_lost(connection_actor connection, link_error error,
               const std::string& detail);
  void on_replaced(const session_replaced& message);
  void on_revoked(const credential_revoked& message);
  template <class Predicate>
  void end_members(Predicate concerned, const rejected& told,
                   const char* reason);
  void take_out(size_t index, link_error error, const std::string& detail,
                bool session_over);
  void serve_waiting();
  bool grant(job& job);
  bool over_share(const job& job) const;
  bool over_stream_share(const job& job) const;
  void refuse_stream(const job& job);
  size_t places() const noexcept;
  void grant_to(size_t index, job& job);
  void grant_check(job& job);
  const job& hand_over(size_t index, job& job);
  void take_place(member_view& view);
  void free_place(member_view& view);
  size_t choose(const job& job);
  size_t choose_healthy(const job& job, request_view request);
  void note_target(const job& job, outcome outcome, time_point now);
  void look_at_drains();
  size_t index_of(const connection_actor& connection) const;
  void remove(size_t index);
  void fail_lease(job job, link_error error, std::string detail);
  void refuse_waiting(link_error error, const std::string& detail);
  void retire_member(size_t index, close_reason why, const char* detail,
                     bool farewell = false);
  void tell_gone(const member& member, bool farewell = false);
  void on_drain();

  // -- pool_upkeep.cpp: what time brings --------------------------------------

  void wake();
  void look_after();
  time_point next_due(time_point now) const;
  void on_reconfigure(const config::pool& settings);
  void apply_plan();
  void ask_for(const sizing_plan& plan, time_point now);
  void fail_late_waiters(time_point now);
  void move_overdue(time_point now);
  void on_health(const health_report& report);
  void note_loss(uint64_t session, bool proven);
  void weigh(size_t index, time_point now);
  void eject_sick(time_point now);
  void readmit(size_t index, time_point now);
  void look_after_ejected(time_point now);
  void watch_intensity(time_point now);
  void tell_status();
  void note_members();
  void note_waiting();
  bool has_true_figures() const;
  health_terms terms_of(size_t index, time_point now) const;
  pool_snapshot snapshot() const;

  uint32_t live_count() const;
  uint32_t usable_count() const;
  event about(event_kind kind) const;
  void tell(event_kind kind, const std::string& connection, std::string detail,
            uint64_t number = 0);
  void tell_member(event_kind kind, const member& member, std::string detail,
                   std::string_view reason, uint64_t number = 0);
  void tell_lease(event_kind kind, const member& member, const job& job);
  void log_lease(const member& which, const char* verb) const;
  uint64_t random();

  pool_actor::pointer self_;
  node_context_ptr context_;
  controller_actor controller_;
  const pool_setup setup_;
  const std::string endpoint_name_; ///< "tunnel.endpoint"
  config::pool settings_;
  sizing_settings sizing_;
  ejection_settings ejection_;
  std::vector<member> members_;
  std::vector<member_view> views_; ///< views_[i] is about members_[i]
  std::unordered_map<caf::actor_id, size_t> places_; ///< in `members_`
  alarm alarm_;
  uint64_t leased_before_ = 0; ///< `leased_total_` at the last look
  std::deque<waiter> waiting_;
  fair_share share_;
  std::shared_ptr<address_shares> granted_
    = std::make_shared<address_shares>();
  std::shared_ptr<address_shares> streams_ ///< all of them, as of one address
    = std::make_shared<address_shares>();
  std::shared_ptr<address_shares> queued_
    = std::make_shared<address_shares>();
  uint32_t asked_ = 0; ///< connections asked for that did not arrive yet
  time_point asked_at_{};
  bool late_ = false; ///< some of those may still be on their way
  bool answered_ = false; ///< somebody came since we asked
  restart_pacer replacements_;
  restart_intensity losses_;
  std::string degraded_;
  std::unordered_map<uint64_t, fading_count> resets_; ///< by session
  std::optional<time_point> surplus_since_;
  sizing_plan plan_; ///< the last one
  pool_status status_; ///< as the controller knows it
  uint32_t active_ = 0;
  uint64_t leased_total_ = 0;
  uint64_t opened_total_ = 0;
  uint64_t lost_total_ = 0;
  uint64_t ejected_total_ = 0;
  uint64_t moved_total_ = 0;
  uint64_t refused_total_ = 0;
  uint64_t drains_seen_ = 0; ///< version of the register
  uint64_t turn_ = 0;
  uint64_t random_state_;
  bool draining_ = false;
};

using pool_impl = compat::actor_impl<pool_actor, pool_state>;

} // namespace aps
