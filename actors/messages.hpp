#pragma once

#include "actors/actors.hpp"
#include "actors/agent/agent_snapshot.hpp"
#include "actors/base/retry/live_endpoints.hpp"
#include "actors/events.hpp"
#include "actors/policy/health/target_health.hpp"
#include "actors/snapshots.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/network.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What actors tell each other. Values that stay inside one process; what also
/// travels to other processes stands in events.hpp and snapshots.hpp.
namespace aps {

struct endpoint_choice;

/// All mappings of a configuration, shared.
using config_mappings = std::shared_ptr<const std::vector<config::mapping>>;

/// A request on its way through the actors. Copies share the exchange. When
/// the last copy goes, for whatever reason, an exchange that is not over yet
/// fails: no path can forget a visitor.
struct job {
  job() = default;
  explicit job(exchange_ptr exchange);

  exchange_ptr exchange;

  /// Of the exchange, when this was made: in a later one others have it.
  uint32_t round = 0;

  /// Endpoints that are not to be asked again; null = there are none.
  std::shared_ptr<const std::vector<endpoint_place>> asked;

  /// Whether nobody waits for what becomes of this.
  bool is_over() const noexcept {
    return exchange->over() || exchange->round() != round;
  }

  /// Tunnels that may carry it (null = just the first), and how many of them
  /// were asked.
  std::shared_ptr<const std::vector<tunnel_actor>> tunnels;
  uint32_t first_tunnel = 0;
  uint32_t tunnels_asked = 0; ///< in two rounds, see `tunnel_state::on_job`

  /// The session that has it, once it was sent.
  std::optional<session_id> session;

  /// What `sticky` balancing keeps to; equal for requests of one visitor.
  uint64_t visitor = 0;

  /// Why the last attempt on gRPC failed; empty = it did not.
  std::string failure;

  /// Counts it as load of an endpoint as long as a copy exists.
  hold load;

  /// Learns how its agent met the target; null = nobody wants to know.
  std::shared_ptr<target_watch> targets;

  /// A check of the target that `session` has: no visitor waits for it, so it
  /// takes a place that is free or none, and says nothing about connections.
  bool check = false;

  /// Counts it for its visitor's address in the pool that granted it; dito.
  hold share;

 private:
  hold guard_;
};

// -- tunnel --------------------------------------------------------------------

/// A connection that says hello and wants into a pool.
struct admission {
  connection_actor from;
  std::string connection; ///< the node's name for it, e.g. "ws-3fa95c"
  std::string server;     ///< name of the server it arrived at
  std::string peer;       ///< ip:port
  std::string nonce;      ///< the nonce it was challenged with
  transport_kind transport = preferred_transport;
  hello_frame hello;
  std::shared_ptr<const link_counters> counters = {};
  tls_facts_ptr tls = {};   ///< as the node sees it; null = plain
  std::string binding = {}; ///< what the proof has to have in it; may be empty
  bool slowed
    = false; ///< its address guesses: only a known session is looked at
};

/// How a connection reaches its endpoint's actors once it is admitted.
struct admitted {
  pool_actor pool;
  std::string endpoint_name; ///< "tunnel.endpoint"
  std::string proof;         ///< the node's proof for the agent
  config::pool settings;
  uint32_t resume_time_ms = 0;
  uint32_t agents = 0; ///< of its endpoint, with its own
  bool took_over = false; ///< see `candidate`
  hold share = {};        ///< dito; held while the link lives
};

/// How long an agent is asked to wait after a wrong password or an unknown
/// tunnel, which it cannot tell apart.
inline constexpr uint32_t bad_proof_pause_ms = 10000;

struct rejected {
  refusal why = refusal::malformed;
  uint32_t retry_after_ms = 0;
};

/// What balancing needs to know of an endpoint; sent when it changed.
struct endpoint_status {
  std::string endpoint;
  uint32_t live = 0; ///< connections
  duration latency{};
  double penalty = 1;
  bool awaited = false; ///< an agent that lost its last one may come back
  std::vector<session_id> sessions = {}; ///< of those connections, each once
};

/// A snapshot of chosen endpoints alone: the others are added up, but nobody
/// asks them.
struct look {
  std::shared_ptr<const endpoint_choice> choice;
};

/// The agents of an endpoint, for who checks their targets; sent when they
/// changed. None = the endpoint is gone.
struct endpoint_agents {
  std::string endpoint;
  controller_actor controller;
  std::shared_ptr<target_watch> targets;
  std::vector<session_id> sessions;
};

/// A check is over.
struct check_done {
  target_key key;
  exchange_id exchange = 0;
  outcome result = outcome::ok;
  uint16_t status = 0; ///< of the answer; 0 = there was none
  std::string detail;
};

/// From now on check these mappings.
struct reconfigure_checks {
  config_mappings mappings;
};

/// A newer session of the same agent is here: this one is over.
struct session_replaced {
  session_id session{};
};

/// A credential counts no more: whoever came with it goes.
struct credential_revoked {
  std::string credential;
};

/// A connected agent says what it publishes. On the agent's side: say it.
struct publish_names {
  connection_actor from; ///< the answer goes there; null on the agent's side
  session_id session{};
  publish_frame frame;
};

/// What became of that, on both sides.
struct names_published {
  published_frame frame;
};

// -- fallback_controller -------------------------------------------------------

/// A pool could not give this exchange a connection.
struct lease_failed {
  aps::job job;
  transport_kind transport = preferred_transport;
  link_error error = link_error::none;
  std::string detail;
};

/// A connection died under these exchanges.
struct orphaned {
  std::vector<job> jobs;
  transport_kind transport = preferred_transport;
  link_error error = link_error::lost;
  std::string detail;
  bool session_over = false; ///< its agent process is gone for good
};

/// How a pool is; sent when it changed.
struct pool_status {
  transport_kind transport = preferred_transport;
  duration latency{};   ///< of its best connection
  double penalty = 1;   ///< of its best connection
  std::string degraded; ///< why it is not to be trusted; empty = it is
};

/// An exchange ended on a connection of this transport.
struct exchange_done {
  transport_kind transport = preferred_transport;
  outcome result = outcome::ok;
};

/// A member joined or left a pool.
struct member_change {
  connection_actor actor;
  std::string connection;
  session_id session{};
  transport_kind transport = preferred_transport;
  bool live = false;
  bool farewell = false; ///< left because its agent said goodbye
};

/// Please have `count` connections opened, whoever can carry the request.
struct growth_wish {
  transport_kind transport = preferred_transport;
  uint32_t count = 0;
  std::string reason;
  std::optional<session_id> session; ///< whose agent should dial; else any
  bool again = false; ///< they are late, and may be on their way
};

/// The answer of a connection to `probe`.
struct probe_result {
  uint64_t number = 0;
  bool good = false;
};

// -- pool ----------------------------------------------------------------------

/// An authenticated connection; the pool answers `admitted` or `rejected`.
struct candidate {
  connection_actor actor;
  std::string connection;
  std::string peer;
  session_id session{};
  std::string proof;
  std::string instance; ///< names the agent across restarts; empty = unknown
  uint64_t started_ms = 0;
  std::shared_ptr<const link_counters> counters = {}; ///< of its link
  uint32_t agents = 0; ///< of its endpoint, with this one
  bool took_over = false; ///< the place of a live session of its instance
  hold share = {};        ///< of its tunnel's descriptors
  std::string credential = {};      ///< it came with; empty = the password
};

struct candidate_for {
  transport_kind transport = preferred_transport;
  aps::candidate candidate;
};

/// Give this exchange to one of your connections.
struct lease {
  aps::job job;
};

/// An exchange ended on a connection.
struct returned {
  connection_actor from;
  exchange_id exchange = 0;
  outcome result = outcome::ok;
};

/// A connection is about to end; sent before its down message.
struct connection_lost {
  connection_actor actor;
  link_error error = link_error::lost;
  std::string detail;
};

/// What a connection measures about itself.
struct health_report {
  connection_actor actor;
  duration rtt{};    ///< smoothed
  duration sample{}; ///< the last one
  bool late = false; ///< no sample: an answer is overdue
};

/// Lease this connection no more: its agent or an operator said so.
struct leaving {
  connection_actor actor;
  const char* why = "drained by the agent";
  bool farewell = true; ///< the agent's own wish
};

/// From now on live by these settings.
struct reconfigure {
  config::pool settings;
};

/// The same for a tunnel: its pools' settings and waiting times, and what
/// checks its mappings have (null = as before).
struct reconfigure_tunnel {
  config::tunnel settings;
  config_mappings mappings = {};
};

/// The same for all tunnels of a node, by name.
struct reconfigure_node {
  std::map<std::string, config::tunnel> tunnels;
  config_mappings mappings = {};
};

// -- connection ----------------------------------------------------------------

/// All frames of one read.
struct link_frames {
  frame_batch frames;
};

struct link_closed {
  link_error why = link_error::none;
  std::string detail;
  std::vector<exchange_id> unsent = {}; ///< their heads never left
};

/// Carry this exchange; comes from the pool, which keeps the job with the
/// lease.
struct carry {
  exchange_ptr exchange;
  uint32_t round = 0; ///< of its job
};

/// The exchange needs its connection no longer.
struct exchange_finished {
  exchange_id exchange = 0;
  outcome result = outcome::ok;
};

/// Take no new exchanges, then close when the last one ended.
struct retire {
  close_reason why = close_reason::normal;
  std::string detail;
  bool replace = false;
};

/// This exchange moved to another connection; answer nothing.
struct release {
  exchange_id exchange = 0;
};

/// Measure now; a health report follows.
struct check_health {};

/// Ask the agent at the other end to dial.
struct ask_open {
  transport_kind transport = preferred_transport;
  uint32_t count = 0;
  std::string reason;
  uint32_t total = 0; ///< as in the frame
};

/// Ping the peer now and tell the controller how it went.
struct probe {
  controller_actor report_to;
  uint64_t number = 0; ///< comes back in the result
};

// -- agent ---------------------------------------------------------------------

/// `agent_context::key` is there: dial.
struct key_derived {};

struct dial_done {
  transport_kind transport = preferred_transport;
  dial_result result;
  bool patient = true;    ///< as `dial_patience` was told
  time_point started{};
};

/// A request head that arrived on an agent's connection.
struct request_arrived {
  agent_connection_actor from;
  link_ptr via;
  exchange_owner_ptr owner;
  exchange_id exchange = 0;
  request_frame head;
};

/// A resume that arrived on an agent's connection.
struct resume_arrived {
  agent_connection_actor from;
  link_ptr via;
  exchange_owner_ptr owner;
  exchange_id exchange = 0;
  resume_frame position;
};

/// From now on frames of this exchange go there; null = drop them.
struct route_frames {
  exchange_id exchange = 0;
  served_exchange_ptr to;
};

/// A connection of the agent changed its state.
struct agent_connection_up {
  agent_connection_actor actor;
  transport_kind transport = preferred_transport;
  std::string connection;
  uint32_t resume_time_ms = 0;
  std::string node; ///< id of the node process
  uint32_t agents = 0; ///< of this endpoint, with this one; 0 = untold
  bool took_over = false; ///< the place of another with this instance
  bool publishes = false; ///< the node takes `publish_names`
};

struct agent_connection_down {
  agent_connection_actor actor;
  transport_kind transport = preferred_transport;
  link_error error = link_error::lost;
  std::optional<refused_frame> refused;
  bool wanted_by_node = false; ///< the node closed it on purpose
  bool worked = false;         ///< it carried an exchange
  std::string detail;
  std::vector<exchange_id> exchanges; ///< those it carried
};

/// The node asks for more connections.
struct open_wanted {
  transport_kind transport = preferred_transport;
  uint32_t count = 0;
  std::string reason;
  uint32_t total = 0; ///< as in the frame
};

/// The origin works on an exchange now.
struct served_started {
  exchange_id exchange = 0;
  served_exchange_ptr served;
};

/// An exchange is over on the agent's side.
struct served_finished {
  exchange_id exchange = 0;
};

// -- everyone ------------------------------------------------------------------

/// Drain: live exchanges may end, new ones are refused.
struct drain {};

} // namespace aps
