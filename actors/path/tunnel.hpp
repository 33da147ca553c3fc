#pragma once

#include "actors/base/alarm.hpp"
#include "actors/base/endpoint_figures.hpp"
#include "actors/base/node_context.hpp"
#include "actors/path/publication_desk.hpp"
#include "actors/policy/balance.hpp"
#include "actors/policy/restart.hpp"
#include "transports/seam/limits/hold.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aps {

/// A named, password-protected group of endpoints: which endpoint?
/// Admits agents, balances, forgets endpoints that stay away.
class tunnel_state {
 public:
  static inline const char* name = "aps.tunnel";

  tunnel_state(tunnel_actor::pointer self, node_context_ptr context,
               std::string tunnel_name, config::tunnel settings);

  /// Takes the endpoints' actors along.
  ~tunnel_state();

  tunnel_actor::behavior_type make_behavior();

 private:
  friend struct test::peek;

  struct endpoint {
    std::string name;
    controller_actor controller;
    uint32_t live = 0;
    duration latency{};
    double penalty = 1;
    uint64_t key = 0; ///< hash of the name
    /// Shared with the jobs it carries; they count themselves out.
    std::shared_ptr<std::atomic<uint32_t>> in_flight;
    time_point lost_at{}; ///< when `live` became zero, or when it was made
    bool served = false;  ///< had a connection at least once
    bool awaited = false; ///< its agents may come back within the grace
    bool drained = false; ///< an operator took it, or all its agents, out
    std::vector<session_id> live_sessions{};
    std::shared_ptr<target_watch> targets = std::make_shared<target_watch>();
    std::deque<session_id> sessions{}; ///< the last ones that joined it
    std::shared_ptr<endpoint_figures> figures{}; ///< from its actors
  };

  /// Adds to `counter` until the last copy of the result is gone.
  static hold count_load(const std::shared_ptr<std::atomic<uint32_t>>& counter,
                         uint32_t load = 1);

  void on_job(job& job);
  void on_admission(const admission& admission);
  void on_status(const endpoint_status& status);
  void on_reconfigure(const reconfigure_tunnel& message);
  void on_drain();
  void on_mode(const set_fallback_mode& message);
  void on_publish(const publish_names& message);
  const config::publishing* publishing_of(const std::string& credential) const;
  void send_notices();
  void expire_publications();
  void forget_lost();
  void on_down(const caf::down_msg& down);
  caf::result<tunnel_snapshot> snapshot(const endpoint_choice& choice);

  void wake();
  duration patience_with(const endpoint& candidate) const;
  endpoint* choose_live(const job& job, bool resting_too);
  endpoint* expected_back(const job& job);
  bool allowed(const job& job, const endpoint& candidate) const;
  std::string why_nobody(const job& job) const;
  void look_at_drains();
  void check_targets(const config_mappings& mappings);
  void start_checker();
  void tell_agents(const endpoint& endpoint, bool gone = false);
  bool is_drained(const endpoint& candidate) const;
  /// Who dials in, as its proof says.
  struct member {
    /// Of the settings; null = it has the tunnel's password.
    const config::credential* credential = nullptr;
    std::shared_ptr<const std::string> key = {}; ///< null = nobody known

    std::string name() const { return credential ? credential->name : ""; }
  };
  std::optional<member> find_member(const admission& admission);
  void revoke(const std::vector<config::credential>& before);
  void revoke_expired();
  void end_sessions(const std::string& credential);
  std::optional<refusal> check(const admission& admission,
                               const member& member);
  std::optional<refusal> check_channel(const admission& admission) const;
  std::optional<refusal> check_place(const hello_frame& hello);
  void wait_for_key(const admission& admission, const key_owner& owner);
  hold take_share(const admission& admission);
  void note_session(endpoint& endpoint, const hello_frame& hello,
                    std::string credential);
  void forget_sessions(const endpoint& endpoint);
  endpoint& endpoint_named(const std::string& endpoint_name);
  endpoint* find(const std::string& endpoint_name);
  std::vector<const endpoint*> choose_shown(const endpoint_choice& choice,
                                            tunnel_sums& sums) const;
  endpoint_snapshot show(const endpoint& one) const;
  std::vector<target_snapshot> unhealthy_of(const endpoint& endpoint) const;
  void tell(event_kind kind, const std::string& endpoint_name,
            std::string detail);

  tunnel_actor::pointer self_;
  node_context_ptr context_;
  const std::string name_;
  config::tunnel settings_;
  std::vector<endpoint> endpoints_;
  /// Held by its connections, and by those that its pools look at.
  std::shared_ptr<std::atomic<uint32_t>> descriptors_
    = std::make_shared<std::atomic<uint32_t>>(0);
  /// What is known of a session: it may serve one endpoint.
  struct known_session {
    std::string endpoint;
    std::string credential = {}; ///< it came with last; empty = the password
    uint64_t started_ms = 0;     ///< its agent
  };
  std::map<session_id, known_session> sessions_;
  std::optional<publication_desk> publications_; ///< none = nobody publishes
  alarm publication_alarm_;    ///< of sessions that may come back
  std::set<std::string> over_; ///< credentials that expired, and were told
  std::vector<choice_view> choices_; ///< reused by each choice
  restart_intensity deaths_; ///< of controllers; above, the tunnel starts over
  alarm alarm_;
  alarm expiry_alarm_;       ///< of `credentials`
  uint64_t drains_seen_ = 0; ///< version of the register
  uint64_t turn_ = 0;
  health_checker_actor checker_; ///< null = nothing to check
  fallback_mode mode_;       ///< by hand
  bool draining_ = false;
};

using tunnel_impl = compat::actor_impl<tunnel_actor, tunnel_state>;

} // namespace aps
