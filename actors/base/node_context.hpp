#pragma once

#include "actors/base/access/agent_guesses.hpp"
#include "actors/base/access/tunnel_keys.hpp"
#include "actors/base/access/visitor_access.hpp"
#include "actors/base/alarm.hpp"
#include "actors/base/configuration.hpp"
#include "actors/base/drains.hpp"
#include "actors/base/publication_table.hpp"
#include "actors/base/published.hpp"
#include "actors/base/retry/live_endpoints.hpp"
#include "actors/base/unit_context.hpp"
#include "actors/messages.hpp"
#include "actors/watch/limit_log.hpp"
#include "actors/watch/log_set.hpp"
#include "transports/seam/limits/byte_budget.hpp"
#include "transports/seam/process/wall_clock.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace aps {

namespace test {
struct peek; // looks into actors, in deterministic tests only
} // namespace test

/// Finds tunnels by name. The supervisor writes it when it (re)starts a
/// tunnel, fronts and connections read it.
using tunnel_table = std::map<std::string, tunnel_actor, std::less<>>;
using tunnel_directory = published<tunnel_table>;

/// What all actors of one node share; constant after the start.
struct node_context {
  /// What holds now. Replaced as a whole, and by `node::reload` alone once
  /// there are actors.
  std::shared_ptr<published<configuration>> in_effect
    = std::make_shared<published<configuration>>();
  std::string node_id; ///< random, one per node
  std::string version; ///< of the program; may be empty
  std::shared_ptr<unit_contexts> units;
  /// Without threads unless the host brings others.
  std::shared_ptr<tunnel_keys> keys = std::make_shared<tunnel_keys>(0);
  std::shared_ptr<tunnel_directory> tunnels;
  std::shared_ptr<alarm_clock> alarms;
  std::shared_ptr<drain_register> drains = std::make_shared<drain_register>();
  std::shared_ptr<const log_set> logs;
  monitor_actor monitor;
  limit_log_ptr limits; ///< null = nobody counts
  /// Who of the visitors may come in; everybody unless the host says otherwise.
  std::shared_ptr<visitor_access> access = std::make_shared<visitor_access>();
  /// Who could be asked instead of another one.
  std::shared_ptr<live_endpoints> live = std::make_shared<live_endpoints>();
  /// What windows of exchanges grew by.
  std::shared_ptr<byte_budget> window_growth
    = std::make_shared<byte_budget>(most_window_growth);
  /// Wrong passwords of agents.
  std::shared_ptr<agent_guesses> guesses = std::make_shared<agent_guesses>();
  /// What agents publish; null = they cannot.
  std::shared_ptr<publication_table> publications = {};
  /// Where ids of exchanges go on; the front says where they begin.
  std::shared_ptr<std::atomic<exchange_id>> next_id
    = std::make_shared<std::atomic<exchange_id>>(1);
  /// Seconds since 1970; tests have a time of their own.
  std::function<int64_t()> wall_clock = [] { return wall_clock_ms() / 1000; };
  /// Whether per-request events are wanted (actors/watch/monitor.hpp).
  std::shared_ptr<std::atomic<bool>> request_watch
    = std::make_shared<std::atomic<bool>>(false);

  /// What holds now; whoever asks twice may get two.
  kept_value<config::node> config() const {
    const std::shared_ptr<const configuration> now = in_effect->get();
    return kept_value<config::node>{{now, &now->config}};
  }

  /// What nobody goes by so far.
  configuration prepare(config::node settings) const {
    auto rules = access->make(settings);
    return {std::move(settings), std::move(rules)};
  }

  /// All go by it from now on.
  void use(configuration fresh) const {
    access->use(fresh.access);
    in_effect->set(std::move(fresh));
    if (publications)
      publications->use(in_effect->get());
  }
  void use(config::node settings) const { use(prepare(std::move(settings))); }
};
using node_context_ptr = std::shared_ptr<const node_context>;

/// The next id of an exchange of this node; never 0. Thread: any.
inline exchange_id next_exchange_id(const node_context& node) {
  exchange_id id = 0;
  while (id == 0)
    id = node.next_id->fetch_add(1, std::memory_order_relaxed);
  return id;
}

/// Seconds of the configuration as the clock counts.
inline duration to_duration(config::seconds seconds) {
  return std::chrono::duration_cast<duration>(seconds);
}

} // namespace aps
