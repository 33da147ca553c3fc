#pragma once

#include "actors/node_context.hpp"
#include "actors/policy/sizing.hpp"

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace aps {

/// Who a pool belongs to and by which rules it lives.
struct pool_setup {
  std::string tunnel;
  std::string endpoint;
  transport_kind transport = transport_kind::websocket;
  config::pool settings;
  uint32_t resume_time_ms = 0;
};

/// The connections of one endpoint over one transport (DESIGN 9): which
/// connection? Holds the leases, the waiting queue and the size and lifetime
/// policy. Frames never pass through it.
class pool_state {
 public:
  static inline const char* name = "aps.pool";

  pool_state(pool_actor::pointer self, node_context_ptr context,
             controller_actor controller, pool_setup setup);

  pool_actor::behavior_type make_behavior();

 private:
  struct member {
    connection_actor actor;
    caf::actor_addr address;
    std::string name;
    std::string peer;
    session_id session{};
    std::unordered_map<exchange_id, job> leases;
  };

  struct waiter {
    job what;
    time_point deadline;
  };

  void on_candidate(const candidate& who);
  void on_lease(lease& wanted);
  void on_returned(const returned& done);
  void on_lost(connection_actor who, link_error error,
               const std::string& detail);
  void on_health(const health_report& report);
  void on_drain();
  void on_tick();
  pool_snapshot snapshot() const;

  void arm_tick();
  void serve_waiting();
  void fail_late_waiters(time_point now);
  void apply_plan();
  bool grant(job& what);
  void grant_to(size_t index, job& what);
  size_t choose(const job& what);
  size_t index_of(const connection_actor& who) const;
  void remove(size_t index);
  void fail_lease(job what, link_error error, std::string detail);
  void refuse_waiting(link_error error, const std::string& detail);
  void retire_member(size_t index, close_reason why, const char* detail);
  void tell_gone(const member& who);
  uint32_t live_count() const;
  void tell(event_kind kind, const std::string& connection, std::string detail,
            uint64_t number = 0);
  uint64_t random();

  pool_actor::pointer self_;
  node_context_ptr context_;
  controller_actor controller_;
  const pool_setup setup_;
  const std::string endpoint_name_; ///< "tunnel.endpoint"
  sizing_settings sizing_;
  std::vector<member> members_;
  std::vector<member_view> views_; ///< views_[i] is about members_[i]
  std::deque<waiter> waiting_;
  uint32_t asked_ = 0; ///< connections asked for that did not arrive yet
  time_point asked_at_{};
  uint64_t leased_total_ = 0;
  uint32_t active_ = 0;
  uint64_t random_state_;
  bool draining_ = false;
};

using pool_impl = compat::actor_impl<pool_actor, pool_state>;

} // namespace aps
