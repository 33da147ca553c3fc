#pragma once

#include "actors/path/fallback_controller.hpp"
#include "actors/path/pool.hpp"
#include "actors/path/tunnel.hpp"

#include <algorithm>
#include <vector>

namespace aps::test {

/// Looks into actors without asking them: between two steps of a
/// deterministic scheduler nobody else touches their state.
struct peek {
  template <class Impl, class Handle>
  static const auto& state_of(const Handle& who) {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(who);
    return dynamic_cast<Impl*>(actor)->state;
  }

  static pool_snapshot snapshot(const pool_state& pool) {
    return pool.snapshot();
  }

  /// Ids of the exchanges in the queue, first come first; `all` = also those
  /// whose visitors left meanwhile.
  static std::vector<exchange_id> waiting(const pool_state& pool,
                                          bool all = false) {
    std::vector<exchange_id> out;
    for (const auto& one : pool.waiting_)
      if (all || !one.job.exchange->over())
        out.push_back(one.job.exchange->id());
    return out;
  }

  static std::vector<exchange_id> leased(const pool_state& pool) {
    std::vector<exchange_id> out;
    for (const auto& member : pool.members_)
      for (const auto& [id, job] : member.leases)
        out.push_back(id);
    return out;
  }

  /// Until when the first in the queue may wait.
  static std::optional<time_point> first_deadline(const pool_state& pool) {
    if (pool.waiting_.empty())
      return std::nullopt;
    return pool.waiting_.front().deadline;
  }

  static size_t size(const pool_state& pool) { return pool.members_.size(); }
  static size_t max_size(const pool_state& pool) {
    return pool.sizing_.max_size;
  }

  static std::vector<const controller_state*>
  controllers(const tunnel_state& tunnel) {
    std::vector<const controller_state*> out;
    for (const auto& one : tunnel.endpoints_)
      out.push_back(&state_of<controller_impl>(one.controller));
    return out;
  }

  static std::vector<const pool_state*> pools(const controller_state& of) {
    std::vector<const pool_state*> out;
    for (const auto& where : of.lanes_)
      if (where.pool)
        out.push_back(&state_of<pool_impl>(where.pool));
    return out;
  }

  static size_t parked(const controller_state& of) {
    return static_cast<size_t>(
      std::count_if(of.parked_.begin(), of.parked_.end(),
                    [](const auto& one) { return !one.job.exchange->over(); }));
  }
};

} // namespace aps::test
