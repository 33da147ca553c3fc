#pragma once

#include "actors/admin/call.hpp"
#include "actors/admin/resource_table.hpp"
#include "actors/admin/resources/endpoint_rows.hpp"

#include <vector>

namespace aps::admin {

/// One of the node's resources.
using resource = resource_of<call>;

/// The table of contents of the admin API.
const std::vector<resource>& resources();

/// Finds the resource, checks who asks, and serves. Thread: any.
void dispatch(call call);

// -- one function per resource ------------------------------------------------

void get_stats(const call& call);
void get_tunnels(const call& call);
void get_endpoints(const call& call);
void get_connections(const call& call);
void get_mappings(const call& call);
void get_exchanges(const call& call);
void get_events(const call& call);
void get_config(const call& call);
void get_explanation(const call& call);
void get_health(const call& call);
void get_readiness(const call& call);
void get_metrics(const call& call);
void get_log(const call& call);
void set_log(const call& call);
void drain_connection(const call& call);
void reconnect_connection(const call& call);
void close_connection(const call& call);
void inject_fault(const call& call);
void drain_session(const call& call);
void undrain_session(const call& call);
void reconnect_session(const call& call);
void close_session(const call& call);
void drain_endpoint(const call& call);
void undrain_endpoint(const call& call);
void reconnect_endpoint(const call& call);
void close_endpoint(const call& call);
void set_fallback(const call& call);
void revoke_credential(const call& call);
void restore_credential(const call& call);
void get_asset(const call& call);

// -- what they share ----------------------------------------------------------

nlohmann::json show_node(const context& context);
nlohmann::json show_totals(const exchange_totals& totals);

/// Appends the elements of the list `tunnels`, each on a line of its own.
void add_tunnels(long_text& to, const context& context,
                 const node_snapshot_ptr& now, bool with_connections = true);

} // namespace aps::admin
