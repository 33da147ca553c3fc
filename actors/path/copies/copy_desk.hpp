#pragma once

#include "actors/base/node_context.hpp"
#include "actors/path/copies/request_copy.hpp"
#include "actors/policy/timetable.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace aps {

/// The copies that `cc` of mappings makes of requests: how many are under way,
/// and when the oldest has taken too long. Thread: any, each copy on its unit.
class copy_desk : public std::enable_shared_from_this<copy_desk> {
 public:
  /// Carries a copy as any other exchange.
  using carrier_of_copies = std::function<void(const exchange_ptr&)>;

  /// For how long a copy may run, its request's body not counted.
  static constexpr auto patience = std::chrono::seconds(30);

  /// `room` is for all that is kept for copies.
  copy_desk(caf::actor_system& system, node_context_ptr context,
            carrier_of_copies carry,
            std::shared_ptr<byte_budget> room
            = std::make_shared<byte_budget>(most_copied_bytes));

  /// Makes one of a request that is let in and on its way already.
  /// Precondition: its mapping has `cc`. On its unit.
  void copy(const exchange_ptr& original);

  /// Gives up all that run on a unit; on its thread.
  void close(executor& unit);

 private:
  struct run {
    std::weak_ptr<request_copy> copy;
    bool has_place = false; ///< it began
  };

  /// What is gathered or runs on one unit; on its thread.
  struct lane {
    std::map<exchange_id, run> running;
    timetable<exchange_id> times;
    std::shared_ptr<unit_alarm> alarm;
  };

  exchange_ptr start(executor& unit, const route& of, exchange_id id,
                     request_head_ptr head, std::shared_ptr<visitor> by);
  bool take_place(const route& of);
  void give_place(uint64_t identity);
  void forget(executor& unit, exchange_id id, uint64_t identity);
  void count(copy_end end);
  void wake(executor& unit);
  void look_after(executor& unit);

  caf::actor_system& system_;
  const node_context_ptr context_;
  const carrier_of_copies carry_;
  const std::shared_ptr<byte_budget> room_;
  std::vector<lane> lanes_; ///< by unit
  std::mutex mutex_;
  std::map<uint64_t, uint32_t> under_way_; ///< by identity; by mutex_
};

} // namespace aps
