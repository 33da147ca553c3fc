#pragma once

#include "actors/base/alarm.hpp"
#include "actors/base/node_context.hpp"
#include "actors/policy/timetable.hpp"

#include <caf/telemetry/counter.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// The active half of what is known of targets (`target_watch`): sends an
/// ordinary exchange through each agent of the tunnel's mappings with `health`,
/// one at a time, and tells the endpoint's watch how it went. One for each
/// tunnel that has such a mapping; its checks are spread over the interval.
class health_checker_state {
 public:
  static inline const char* name = "aps.health_checker";

  health_checker_state(health_checker_actor::pointer self,
                       node_context_ptr context, std::string tunnel);

  /// Ends the checks that run.
  ~health_checker_state();

  health_checker_actor::behavior_type make_behavior();

  /// Whether a tunnel has something to check.
  static bool wanted(const std::string& tunnel,
                     const std::vector<config::mapping>& mappings);

 private:
  /// A mapping with checks.
  struct rule {
    route_ptr via;
    request_head_ptr head;

    const config::health_check& check() const { return *via->rule.health; }
  };

  struct place {
    std::string endpoint;
    controller_actor controller;
    std::shared_ptr<target_watch> targets;
    std::vector<session_id> sessions;
  };

  struct check {
    const place* subject = nullptr;
    route_ptr via;
    exchange_ptr running; ///< null = it waits for its turn
    time_point started{};
  };

  void set_rules(const std::vector<config::mapping>& mappings);
  rule rule_of(size_t position, const config::mapping& mapping) const;
  void on_agents(endpoint_agents& message);
  void on_reconfigure(const std::vector<config::mapping>& mappings);
  void on_drain();
  bool concerns(const rule& rule, const place& place) const;
  bool add(const target_key& key, const rule& rule, const place& place);
  void schedule(const target_key& key);
  void remove(const target_key& key);
  void wake();
  void look_after();
  void begin(const target_key& key, check& which, time_point now);
  void cut(const target_key& key, check& which);
  void on_done(const check_done& done);
  void tell(const target_key& key, const check& which,
            target_health::change change, const std::string& why);

  health_checker_actor::pointer self_;
  node_context_ptr context_;
  const std::string tunnel_;
  std::map<uint64_t, rule> rules_; ///< by identity
  std::map<std::string, place> places_;
  std::map<target_key, check> checks_;
  timetable<target_key> times_; ///< of the next check, or of its deadline
  alarm alarm_;
  std::array<caf::telemetry::int_counter*, 3> counters_{}; ///< by verdict
  bool draining_ = false;
};

using health_checker_impl
  = compat::actor_impl<health_checker_actor, health_checker_state>;

} // namespace aps
