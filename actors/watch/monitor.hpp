#pragma once

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/policy/repeat.hpp"
#include "actors/watch/event_memory.hpp"
#include "actors/watch/limit_log.hpp"
#include "actors/watch/log_set.hpp"
#include "actors/watch/metrics.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace aps {

/// Whether anybody wants the events that come with every request; read before
/// one is made. Written by the monitor.
using request_watch = std::shared_ptr<std::atomic<bool>>;

/// Who is told? Numbers events, turns them into log lines and
/// passes them on to subscribers as their credit allows; drops those that
/// died. Keeps the list of live actors, and adds the events that are only seen
/// from above: a session's first and last connection, a lost one replaced.
class monitor_state {
 public:
  static inline const char* name = "aps.monitor";

  monitor_state(monitor_actor::pointer self, log_set logs,
                std::string node_id = {}, request_watch watch = {},
                std::shared_ptr<event_metrics> metrics = {},
                limit_log_ptr limits = {});

  monitor_actor::behavior_type make_behavior();

 private:
  struct subscriber {
    caf::actor actor;
    event_filter filter;
    uint32_t window = 0;
    uint32_t credit = 0;
    uint64_t missed = 0;
  };

  /// The connections of one agent process.
  struct session {
    std::string tunnel;
    std::string endpoint;
    std::set<std::string> connections;
    uint32_t lost = 0; ///< and not replaced yet
  };

  /// A connection whose actor ended, until its pool said why.
  struct farewell {
    time_point until;
    std::string session;
    std::string connection;
  };

  void on_event(event event);
  void on_subscribe(const subscribe& message);
  void on_acknowledge(const acknowledge& message);
  void on_enrol(enrol& message);
  void on_down(const caf::down_msg& down);
  monitor_counts counts() const;

  void add_derived(const event& event);
  void leave_session(const std::string& id, const std::string& connection);
  void count_agent(const event& up);
  void await_farewell();
  void write_log(const event& event);
  repeat_limit& repeats_of(log_component component);
  void arm_log_tick();
  void give(subscriber& to, const caf::message& event);
  void drop(const caf::actor_addr& address);
  void update_watch();
  subscriber* sender();

  monitor_actor::pointer self_;
  log_set logs_;
  const std::string node_id_;
  const request_watch watch_;
  const std::shared_ptr<event_metrics> metrics_; ///< null = none
  const limit_log_ptr limits_;                   ///< null = none
  std::vector<subscriber> subscribers_;
  std::vector<live_actor> actors_;
  std::map<std::string, session> sessions_;
  /// Sessions that live, by tunnel and endpoint.
  std::map<std::pair<std::string, std::string>, size_t> agents_;
  event_memory recent_;
  std::vector<uint64_t> counts_;
  uint64_t serial_ = 0;
  std::map<log_component, repeat_limit> repeats_;
  bool log_tick_armed_ = false;
  std::deque<farewell> farewells_;
};

using monitor_impl = compat::actor_impl<monitor_actor, monitor_state>;

} // namespace aps
