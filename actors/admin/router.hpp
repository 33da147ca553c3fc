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
void dispatch(call what);

// -- one function per resource ------------------------------------------------

void get_stats(const call& what);
void get_tunnels(const call& what);
void get_endpoints(const call& what);
void get_connections(const call& what);
void get_mappings(const call& what);
void get_exchanges(const call& what);
void get_events(const call& what);
void get_config(const call& what);
void get_explanation(const call& what);
void get_health(const call& what);
void get_readiness(const call& what);
void get_metrics(const call& what);
void get_log(const call& what);
void set_log(const call& what);
void drain_connection(const call& what);
void reconnect_connection(const call& what);
void close_connection(const call& what);
void inject_fault(const call& what);
void drain_session(const call& what);
void undrain_session(const call& what);
void reconnect_session(const call& what);
void close_session(const call& what);
void drain_endpoint(const call& what);
void undrain_endpoint(const call& what);
void reconnect_endpoint(const call& what);
void close_endpoint(const call& what);
void set_fallback(const call& what);
void get_asset(const call& what);

// -- what they share ----------------------------------------------------------

nlohmann::json show_node(const context& where);
nlohmann::json show_totals(const exchange_totals& totals);

/// Appends the elements of the list `tunnels`, each on a line of its own.
void add_tunnels(long_text& to, const context& where,
                 const node_snapshot_ptr& now,
                 const endpoint_choice& choice = {});

} // namespace aps::admin
