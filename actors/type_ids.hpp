#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <cstdint>

namespace aps {

struct job;
struct admission;
struct admitted;
struct rejected;
struct endpoint_status;
struct session_replaced;
struct credential_revoked;
struct publish_names;
struct names_published;
struct pool_status;
struct exchange_done;
struct candidate_for;
struct lease_failed;
struct orphaned;
struct member_change;
struct growth_wish;
struct probe_result;
struct candidate;
struct lease;
struct returned;
struct connection_lost;
struct health_report;
struct leaving;
struct reconfigure;
struct reconfigure_tunnel;
struct reconfigure_node;
struct endpoint_agents;
struct check_done;
struct reconfigure_checks;
struct link_frames;
struct link_closed;
struct carry;
struct exchange_finished;
struct retire;
struct release;
struct check_health;
struct ask_open;
struct probe;
struct dial_done;
struct request_arrived;
struct resume_arrived;
struct route_frames;
struct agent_connection_up;
struct agent_connection_down;
struct open_wanted;
struct served_started;
struct served_finished;
struct drain;
struct key_derived;
struct agent_snapshot;
struct get_snapshot;
struct look;
struct subscribe;
struct pool_snapshot;
struct controller_snapshot;
struct tunnel_snapshot;
struct node_snapshot;
struct event;
struct acknowledge;
struct unsubscribe;
struct missed;
struct enrol;
struct monitor_snapshot;
struct get_actors;
struct actor_list;
struct get_counts;
struct monitor_counts;
struct operate;
struct set_fallback_mode;
struct connection_snapshot;

} // namespace aps

CAF_BEGIN_TYPE_ID_BLOCK(aps, first_custom_type_id)

  // Travels between processes.
  CAF_ADD_TYPE_ID(aps, (aps::event))
  CAF_ADD_TYPE_ID(aps, (aps::subscribe))
  CAF_ADD_TYPE_ID(aps, (aps::acknowledge))
  CAF_ADD_TYPE_ID(aps, (aps::unsubscribe))
  CAF_ADD_TYPE_ID(aps, (aps::missed))
  CAF_ADD_TYPE_ID(aps, (aps::enrol))
  CAF_ADD_TYPE_ID(aps, (aps::monitor_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::get_actors))
  CAF_ADD_TYPE_ID(aps, (aps::actor_list))
  CAF_ADD_TYPE_ID(aps, (aps::get_counts))
  CAF_ADD_TYPE_ID(aps, (aps::monitor_counts))
  CAF_ADD_TYPE_ID(aps, (aps::get_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::connection_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::pool_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::controller_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::tunnel_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::node_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::operate))
  CAF_ADD_TYPE_ID(aps, (aps::set_fallback_mode))

  // Stays inside one process.
  CAF_ADD_TYPE_ID(aps, (aps::job))
  CAF_ADD_TYPE_ID(aps, (aps::admission))
  CAF_ADD_TYPE_ID(aps, (aps::admitted))
  CAF_ADD_TYPE_ID(aps, (aps::rejected))
  CAF_ADD_TYPE_ID(aps, (aps::endpoint_status))
  CAF_ADD_TYPE_ID(aps, (aps::session_replaced))
  CAF_ADD_TYPE_ID(aps, (aps::pool_status))
  CAF_ADD_TYPE_ID(aps, (aps::exchange_done))
  CAF_ADD_TYPE_ID(aps, (aps::candidate_for))
  CAF_ADD_TYPE_ID(aps, (aps::lease_failed))
  CAF_ADD_TYPE_ID(aps, (aps::orphaned))
  CAF_ADD_TYPE_ID(aps, (aps::member_change))
  CAF_ADD_TYPE_ID(aps, (aps::growth_wish))
  CAF_ADD_TYPE_ID(aps, (aps::probe_result))
  CAF_ADD_TYPE_ID(aps, (aps::candidate))
  CAF_ADD_TYPE_ID(aps, (aps::lease))
  CAF_ADD_TYPE_ID(aps, (aps::returned))
  CAF_ADD_TYPE_ID(aps, (aps::connection_lost))
  CAF_ADD_TYPE_ID(aps, (aps::health_report))
  CAF_ADD_TYPE_ID(aps, (aps::leaving))
  CAF_ADD_TYPE_ID(aps, (aps::reconfigure))
  CAF_ADD_TYPE_ID(aps, (aps::reconfigure_tunnel))
  CAF_ADD_TYPE_ID(aps, (aps::reconfigure_node))
  CAF_ADD_TYPE_ID(aps, (aps::endpoint_agents))
  CAF_ADD_TYPE_ID(aps, (aps::check_done))
  CAF_ADD_TYPE_ID(aps, (aps::reconfigure_checks))
  CAF_ADD_TYPE_ID(aps, (aps::link_frames))
  CAF_ADD_TYPE_ID(aps, (aps::link_closed))
  CAF_ADD_TYPE_ID(aps, (aps::carry))
  CAF_ADD_TYPE_ID(aps, (aps::exchange_finished))
  CAF_ADD_TYPE_ID(aps, (aps::retire))
  CAF_ADD_TYPE_ID(aps, (aps::release))
  CAF_ADD_TYPE_ID(aps, (aps::check_health))
  CAF_ADD_TYPE_ID(aps, (aps::ask_open))
  CAF_ADD_TYPE_ID(aps, (aps::probe))
  CAF_ADD_TYPE_ID(aps, (aps::dial_done))
  CAF_ADD_TYPE_ID(aps, (aps::request_arrived))
  CAF_ADD_TYPE_ID(aps, (aps::resume_arrived))
  CAF_ADD_TYPE_ID(aps, (aps::route_frames))
  CAF_ADD_TYPE_ID(aps, (aps::agent_connection_up))
  CAF_ADD_TYPE_ID(aps, (aps::agent_connection_down))
  CAF_ADD_TYPE_ID(aps, (aps::open_wanted))
  CAF_ADD_TYPE_ID(aps, (aps::served_started))
  CAF_ADD_TYPE_ID(aps, (aps::served_finished))
  CAF_ADD_TYPE_ID(aps, (aps::drain))
  CAF_ADD_TYPE_ID(aps, (aps::key_derived))
  CAF_ADD_TYPE_ID(aps, (aps::agent_snapshot))
  CAF_ADD_TYPE_ID(aps, (aps::look))
  CAF_ADD_TYPE_ID(aps, (aps::credential_revoked))
  CAF_ADD_TYPE_ID(aps, (aps::publish_names))
  CAF_ADD_TYPE_ID(aps, (aps::names_published))

  CAF_END_TYPE_ID_BLOCK(aps)

  // Never serialised: these hold pointers into this process.
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::job)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::admission)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::admitted)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::rejected)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::endpoint_status)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::session_replaced)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::credential_revoked)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::publish_names)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::names_published)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::pool_status)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::exchange_done)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::candidate_for)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::lease_failed)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::orphaned)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::member_change)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::growth_wish)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::probe_result)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::candidate)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::lease)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::returned)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::connection_lost)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::health_report)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::leaving)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::reconfigure)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::reconfigure_tunnel)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::reconfigure_node)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::endpoint_agents)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::check_done)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::reconfigure_checks)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::link_frames)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::link_closed)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::carry)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::exchange_finished)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::retire)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::release)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::check_health)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::ask_open)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::probe)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::dial_done)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::request_arrived)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::resume_arrived)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::route_frames)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::agent_connection_up)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::agent_connection_down)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::open_wanted)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::served_started)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::served_finished)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::drain)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::key_derived)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::agent_snapshot)
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aps::look)
