#pragma once

#include "actors/compat.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/network.hpp"

#include <caf/resumable.hpp>

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

namespace aps {

/// Runs actors on the thread of an I/O unit: what becomes runnable
/// there queues up and is run by one posted drain, not by a post each.
class unit_context final
    : public caf::execution_unit,
      public std::enable_shared_from_this<unit_context> {
 public:
  unit_context(caf::actor_system& system, executor& unit);

  /// Drops the references of what was never run.
  ~unit_context() override;

  /// Thread: the unit's (CAF calls it from actors that run here).
  void exec_later(caf::resumable* job) override;

  executor& unit() const noexcept { return unit_; }

 private:
  void drain();

  executor& unit_;
  std::deque<caf::resumable*> ready_;
  bool drain_posted_ = false;
};

/// The contexts of all units of a network, by index, and a count of everything
/// on the I/O side that may still talk to actors.
class unit_contexts : public std::enable_shared_from_this<unit_contexts> {
 public:
  unit_contexts(caf::actor_system& system, network& net);

  const std::shared_ptr<unit_context>& of(const executor& unit) const {
    return contexts_[unit.index()];
  }

  /// One of them; the same number is always the same.
  unit_context& any(uint64_t number) const {
    return *contexts_[number % contexts_.size()];
  }

  size_t size() const noexcept { return contexts_.size(); }

  /// Held by everything that may send messages from an I/O thread. A host
  /// waits for `users() == 0` before it lets go of the actor system.
  hold use();

  size_t users() const noexcept { return users_; }

  /// Waits until no unit thread remembers the actor system any more; the last
  /// step before a host lets go of it. Not from a unit thread.
  void leave();

 private:
  std::vector<std::shared_ptr<unit_context>> contexts_;
  std::atomic<size_t> users_{0};
};

} // namespace aps
