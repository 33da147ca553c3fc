#pragma once

#include "actors/base/node_context.hpp"
#include "actors/watch/log_set.hpp"
#include "actors/watch/metrics.hpp"
#include "transports/seam/exchange/own_answer.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace aps {

/// Counts of exchanges; started == finished + failed + live.
struct exchange_totals {
  uint64_t started = 0;
  uint64_t finished = 0; ///< outcome ok
  uint64_t failed = 0;   ///< any other
  uint64_t moved = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;

  uint64_t live() const noexcept { return started - finished - failed; }
};

/// Of so many records of ended exchanges those of the node's own answers take
/// this many at most.
constexpr size_t share_of_own_answers(size_t kept) noexcept {
  return (kept + 3) / 4;
}

/// Records as of one moment: newest first.
struct record_list {
  std::vector<std::shared_ptr<void>> pins = {}; ///< while it looks at them
  std::vector<std::shared_ptr<const exchange_record>> live;
  std::vector<std::shared_ptr<const exchange_record>> ended;
  time_point now{};
};

/// The records of the exchanges of one unit: the live ones and a ring of the
/// last that ended. The one place where an exchange is counted; metrics, events,
/// the API and the request log all come from here. Everything on the unit's
/// thread, except the totals.
class unit_recorder final
    : public exchange_observer,
      public std::enable_shared_from_this<unit_recorder> {
 public:
  unit_recorder(caf::actor_system& system, node_context_ptr context,
                log_set logs, executor& unit);

  /// Keeps a record of `exchange`; before anything else happens to it.
  void begin(exchange& exchange);

  void on_over(const exchange_record_ptr& record) override;

  /// Records and counts, like an exchange that is over, what the node answered
  /// by itself. They have a share of the memory of their own, and few are told:
  /// strangers decide how many there are.
  void keep(const own_answer& answer, exchange_id id);

  /// Talks to no actor and counts no metrics from now on.
  void close();

  /// Adds this unit's records to `to`. No memory of theirs is used again as
  /// long as that list lives.
  void copy_to(record_list& to);

  /// Thread: any.
  void add_to(exchange_totals& to) const;

  executor& unit() const noexcept { return unit_; }

 private:
  /// The last records of one sort.
  struct ring {
    std::vector<exchange_record_ptr> kept;
    size_t next = 0;
  };

  exchange_record_ptr make_record();
  void remember(ring& in, const exchange_record_ptr& record);
  void count(const exchange_record& record);
  void tell(event_kind kind, const exchange_record& record);
  void write_log(const exchange_record& record) const;
  static void bump(std::atomic<uint64_t>& counter, uint64_t amount = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + amount,
                  std::memory_order_release);
  }

  executor& unit_;
  node_context_ptr context_;
  bool log_requests_ = false;
  log_set logs_;
  std::optional<exchange_metrics> metrics_;
  std::vector<exchange_record_ptr> live_;
  ring exchanges_;
  ring own_answers_;
  std::vector<exchange_record_ptr> spares_; ///< left the ring, to be reused
  std::shared_ptr<std::atomic<int>> readers_
    = std::make_shared<std::atomic<int>>(0);
  std::atomic<uint64_t> started_{0};
  std::atomic<uint64_t> finished_{0};
  std::atomic<uint64_t> failed_{0};
  std::atomic<uint64_t> moved_{0};
  std::atomic<uint64_t> bytes_up_{0};
  std::atomic<uint64_t> bytes_down_{0};
};

/// The recorders of all units of a node. Thread-safe.
class exchange_recorders {
 public:
  exchange_recorders(caf::actor_system& system, node_context_ptr context,
                     log_set logs, network& net);

  unit_recorder& of(const executor& unit) const {
    return *units_[unit.index()];
  }

  exchange_totals totals() const;

  /// Gathers the records of all units; `done` is called on one of their
  /// threads. At most `keep_exchanges` ended ones.
  void collect(std::function<void(record_list)> done) const;

  /// Closes all recorders and waits for it. Not from a unit thread.
  void close();

 private:
  std::vector<std::shared_ptr<unit_recorder>> units_;
  size_t keep_;
};

} // namespace aps
