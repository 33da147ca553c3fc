#pragma once

#include "actors/agent/agent_context.hpp"
#include "actors/agent/agent_metrics.hpp"
#include "actors/agent/agent_publisher.hpp"
#include "actors/agent/agent_snapshot.hpp"
#include "actors/policy/dialling.hpp"
#include "actors/policy/execution.hpp"
#include "actors/policy/limits/complaints.hpp"
#include "actors/policy/restart.hpp"

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace aps {

/// An agent's relation to one node: which connections must exist, and
/// which exchange is this? Dials, redials, and keeps the table that makes
/// every request be executed at most once, however often its connection dies.
class agent_state {
 public:
  static inline const char* name = "aps.agent";

  agent_state(agent_actor::pointer self, agent_context_ptr context);

  /// Stops what still runs at the origins.
  ~agent_state();

  agent_actor::behavior_type make_behavior();

 private:
  struct member {
    agent_connection_actor actor;
    time_point since{};
    std::string name = {}; ///< once it is welcome
  };

  /// The connections of one transport.
  struct lane {
    uint32_t wanted = 1;
    uint32_t dialing = 0;
    uint32_t patient = 0; ///< of those that dial: with all the time there is
    std::vector<member> greeting; ///< not yet welcome
    std::vector<member> live;
    std::vector<member> surplus; ///< given up before they were welcome
    restart_pacer redials;
    time_point tried_at{};
    duration usual{}; ///< what dials that succeed take
    bool refused = false; ///< for good, when last tried

    uint32_t under_way() const {
      return static_cast<uint32_t>(greeting.size()) + dialing;
    }
    uint32_t all() const {
      return static_cast<uint32_t>(live.size()) + under_way();
    }
    dial_view view() const {
      return {wanted, static_cast<uint32_t>(live.size()), under_way(), tried_at,
              usual};
    }
    /// When the next dial may begin, if there is one to begin.
    time_point next_dial() const;
  };

  struct entry {
    execution state;
    served_exchange_ptr served; ///< null while the unit still makes it
    agent_connection_actor on;
    std::optional<resume_arrived> waiting; ///< until there is a `served`
  };

  /// What went wrong last, in words.
  struct trouble {
    std::string text;
    time_point at{};
    std::optional<refusal> refused = {};
    std::optional<transport_kind> transport = {}; ///< that it was met over
    bool over = false;
  };

  void on_dialled(dial_done& done);
  void on_up(const agent_connection_up& up);
  void on_down(const agent_connection_down& down);
  void on_open(const open_wanted& open);
  void on_published(const names_published& message);
  void mind_publications(const agent_connection_up& up, bool fresh);
  void publish_due();
  void on_request(request_arrived& message);
  void on_resume(resume_arrived& message);
  void on_resume_of(entry& known, const resume_arrived& message);
  void on_started(const served_started& started);
  void on_finished(exchange_id id);
  void on_drain();
  void on_tick();

  void arm_tick();
  void on_dead(const caf::actor_addr& address);
  void lose(lane& lane, const agent_connection_down& down, bool was_live,
            duration lived);
  bool is_last_resort(transport_kind transport) const;
  bool is_needed(transport_kind transport, time_point now) const;
  bool others_live() const;
  std::optional<time_point> next_try(time_point now, bool cut_off) const;
  void mind_last_resort(time_point now);
  void dial_missing();
  void dial(transport_kind transport, lane& lane, time_point now);
  void wake_for_dials(time_point now);
  void give_up_greeting(lane& lane, duration older_than, time_point now);
  void start(request_arrived& message);
  void refuse_exchange(const agent_connection_actor& from, const link_ptr& via,
                       exchange_id id, outcome why, std::string_view detail);
  const tombstone* tombstone_of(exchange_id id) const;
  entry* entry_of(exchange_id id);
  bool is_connected() const;
  void refuse(lane& lane, transport_kind transport, const refused_frame& no);
  std::string cause_of(transport_kind transport, const std::string& text,
                       bool lost) const;
  void complain(const lane& lane, transport_kind transport,
                const std::string& text, bool lost = false,
                bool cut_off = false);
  void on_found(const peer_finding& found, transport_kind transport);
  void write_complaint(const std::string& cause, const std::string& text,
                       time_point next);
  void report(agent_report::news news, const std::string& text = {},
              const std::string& url = {}, const std::string& target = {});
  void slow_down(lane& lane, const refused_frame& no);
  void give_up_detached(time_point now);
  void ignore(const agent_connection_actor& from, exchange_id id);
  agent_snapshot show() const;

  agent_actor::pointer self_;
  agent_context_ptr context_;
  std::map<transport_kind, lane> lanes_;
  std::unordered_map<exchange_id, entry> table_;
  std::unordered_map<exchange_id, tombstone> tombstones_;
  duration resume_time_ = std::chrono::seconds(10);
  uint32_t agents_ = 0; ///< of its endpoint, as the node last said
  size_t next_unit_ = 0;
  time_point wake_at_{}; ///< a look at the dials is due then
  std::string node_; ///< the node process we know
  last_resort last_resort_;  ///< when polling is used beside others
  complaints failures_;      ///< by what the transports say
  complaints found_troubles_; ///< by what is behind it
  std::optional<trouble> last_refusal_;
  std::optional<trouble> last_failure_;
  peer_finding found_; ///< behind the failures, until there is a connection
  agent_metrics metrics_;
  agent_publisher publisher_;
  bool draining_ = false;
};

using agent_impl = compat::actor_impl<agent_actor, agent_state>;

} // namespace aps
