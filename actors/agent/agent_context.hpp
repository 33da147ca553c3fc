#pragma once

#include "actors/agent.hpp"
#include "actors/base/alarm.hpp"
#include "actors/base/published.hpp"
#include "actors/base/unit_context.hpp"
#include "actors/messages.hpp"
#include "actors/watch/component_log.hpp"
#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/limits/byte_budget.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace aps {

/// What the actors of one agent process share per node; constant.
struct agent_context {
  agent_server server;
  client_tls_ptr tls; ///< null = plain
  std::string tunnel;
  std::string endpoint;
  /// Derived from the password; "" until that is done. Then the actor needs a
  /// `key_derived`.
  std::shared_ptr<published<std::string>> key;
  session_id session{};
  std::string instance;
  uint64_t started_ms = 0;
  std::vector<transport_kind> transports;
  std::vector<agent_publication> publications = {};
  /// The host's, and nobody else's: who reads this may be held by a port, and a
  /// network cannot end on a thread of its own.
  network* net = nullptr;
  std::shared_ptr<origin_client> origins;
  std::shared_ptr<unit_contexts> units;
  std::shared_ptr<alarm_clock> alarms;
  component_log log;
  std::shared_ptr<live_set> dials = std::make_shared<live_set>();
  /// It was said that a public address is dialled in plain.
  std::shared_ptr<std::atomic<bool>> told_of_plain
    = std::make_shared<std::atomic<bool>>(false);
  std::function<void(const agent_report&)> on_report; ///< or null
  peer_examiner examine;                              ///< or null
  bool ends_on_refusal = false;
  std::shared_ptr<std::atomic<size_t>> live; ///< exchanges in the tables
  /// What windows of exchanges grew by.
  std::shared_ptr<byte_budget> window_growth
    = std::make_shared<byte_budget>(most_window_growth);
  std::shared_ptr<std::atomic<size_t>> connections; ///< known to the node

  /// "tunnel.endpoint", short enough for a line.
  std::string agent_name() const {
    constexpr size_t shown = 40; // of each
    return foreign_text(tunnel, shown) + "." + foreign_text(endpoint, shown);
  }

  std::string server_name() const {
    return config::authority(server.host, server.port);
  }
};
using agent_context_ptr = std::shared_ptr<const agent_context>;

} // namespace aps
