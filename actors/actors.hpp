#pragma once

#include "actors/type_ids.hpp"

#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

namespace aps {

// -- handles -------------------------------------------------------------------
// What each message means stands beside its struct in actors/messages.hpp.

/// Is told what happens; tells everyone who asked.
using monitor_actor = caf::typed_actor<
  caf::result<void>(event),       // from everybody
  caf::result<void>(enrol),       // from each actor when it starts
  caf::result<void>(subscribe),   // subscribes the sender: snapshot, then events
  caf::result<void>(acknowledge), // from a subscriber
  caf::result<void>(unsubscribe), // from a subscriber
  caf::result<actor_list>(get_actors),
  caf::result<monitor_counts>(get_counts)>;

/// One transport connection of a session, node side: which pending request?
using connection_actor = caf::typed_actor<
  caf::result<void>(link_frames),       // from its link
  caf::result<void>(link_closed),       // from its link, the last one
  caf::result<void>(admitted),          // from the pool: you are a member
  caf::result<void>(rejected),          // from tunnel or pool: close
  caf::result<void>(carry),             // from the pool: a leased exchange
  caf::result<void>(exchange_finished), // from the exchange
  caf::result<void>(retire),            // from the pool: drain, then close
  caf::result<void>(release),           // from the pool: it moved elsewhere
  caf::result<void>(check_health),      // from the pool: measure now
  caf::result<void>(ask_open),          // from the controller
  caf::result<void>(probe),             // from the controller
  caf::result<void>(operate),           // from an operator
  caf::result<void>(names_published),   // from the tunnel
  caf::result<connection_snapshot>(get_snapshot)>;

/// The connections of one endpoint over one transport: which connection?
using pool_actor = caf::typed_actor<
  caf::result<void>(candidate),        // from the tunnel
  caf::result<void>(lease),            // from the controller
  caf::result<void>(returned),         // from a connection
  caf::result<void>(connection_lost),  // from a connection
  caf::result<void>(health_report),    // from a connection
  caf::result<void>(leaving),          // from a connection: its agent drains it
  caf::result<void>(session_replaced), // from the controller
  caf::result<void>(credential_revoked), // from the controller
  caf::result<void>(reconfigure),        // from the controller
  caf::result<void>(drain),              // from the controller
  caf::result<pool_snapshot>(get_snapshot)>;

/// One endpoint: which transport?
using controller_actor
  = caf::typed_actor<caf::result<void>(job),           // from the tunnel
                     caf::result<void>(candidate_for), // from the tunnel, for
                                                       // one of its pools
                     caf::result<void>(lease_failed),  // from a pool
                     caf::result<void>(orphaned),      // from a pool
                     caf::result<void>(member_change), // from a pool
                     caf::result<void>(growth_wish),   // from a pool
                     caf::result<void>(pool_status),   // from a pool
                     caf::result<void>(probe_result),  // from a connection
                     caf::result<void>(exchange_done), // from a pool
                     caf::result<void>(reconfigure_tunnel), // from the tunnel
                     caf::result<void>(credential_revoked), // from the tunnel
                     caf::result<void>(drain),              // from the tunnel
                     caf::result<void>(set_fallback_mode),  // from the tunnel
                     caf::result<controller_snapshot>(get_snapshot)>;

/// The targets of one tunnel's agents: who is to be passed over?
using health_checker_actor = caf::typed_actor<
  caf::result<void>(endpoint_agents),    // from the tunnel
  caf::result<void>(reconfigure_checks), // from the tunnel
  caf::result<void>(check_done),         // from a check
  caf::result<void>(drain)>;             // from the tunnel

/// A group of endpoints: which endpoint?
using tunnel_actor
  = caf::typed_actor<caf::result<void>(job),                // from the front
                     caf::result<void>(admission),          // from a connection
                     caf::result<void>(endpoint_status),    // from a controller
                     caf::result<void>(reconfigure_tunnel), // from the
                                                            // supervisor
                     caf::result<void>(drain), // from the supervisor
                     caf::result<void>(credential_revoked), // from an operator
                     caf::result<void>(set_fallback_mode),  // from an operator
                     caf::result<void>(publish_names),      // from a connection
                     caf::result<tunnel_snapshot>(get_snapshot),
                     caf::result<tunnel_snapshot>(look)>; // from the supervisor

/// Who is restarted, in which order, how often?
using supervisor_actor = caf::typed_actor<
  caf::result<void>(drain), // from the host
  caf::result<void>(reconfigure_node), // from the host
  caf::result<node_snapshot>(get_snapshot),
  caf::result<node_snapshot>(look)>;

/// One transport connection of a session, agent side.
using agent_connection_actor = caf::typed_actor<
  caf::result<void>(link_frames),       // from its link
  caf::result<void>(link_closed),       // from its link, the last one
  caf::result<void>(route_frames),      // from the agent
  caf::result<void>(exchange_finished), // from a served exchange
  caf::result<void>(publish_names),     // from the agent
  caf::result<void>(retire)>;           // from the agent

/// An agent's relation to one node: which connections must exist, which
/// exchange is this?
using agent_actor = caf::typed_actor<
  caf::result<void>(dial_done),             // from a dialer
  caf::result<void>(agent_connection_up),   // from a connection
  caf::result<void>(agent_connection_down), // from a connection
  caf::result<void>(open_wanted),           // from a connection
  caf::result<void>(request_arrived),       // from a connection
  caf::result<void>(resume_arrived),        // from a connection
  caf::result<void>(served_started),        // from a unit
  caf::result<void>(served_finished),       // from a connection
  caf::result<void>(key_derived),           // from the host
  caf::result<void>(names_published),       // from a connection
  caf::result<void>(drain),                 // from the host
  caf::result<agent_snapshot>(get_snapshot)>;

} // namespace aps
