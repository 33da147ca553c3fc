#pragma once

#include "actors/actors.hpp"
#include "actors/alarm.hpp"
#include "actors/messages.hpp"
#include "tests/support/sim.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace aps::test {

using event_notes = std::shared_ptr<std::vector<event>>;

/// A monitor that only takes notes.
inline monitor_actor spawn_note_taker(caf::actor_system& system,
                                      event_notes notes) {
  return system.spawn(
    [notes](monitor_actor::pointer) -> monitor_actor::behavior_type {
      return {[notes](const event& what) { notes->push_back(what); },
              [](const enrol&) {}, [](const subscribe&) {},
              [](const acknowledge&) {}, [](unsubscribe) {},
              [](get_actors) { return actor_list{}; },
              [](get_counts) { return monitor_counts{}; }};
    });
}

/// An actor system on the deterministic clock, for scripts of messages.
class script_system {
 public:
  script_system() {
    config_.set("caf.scheduler.policy", "testing");
    system_ = std::make_unique<caf::actor_system>(config_);
    scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(
      &system_->scheduler());
    scheduler_->clock().current_time += std::chrono::hours(1);
  }

  caf::actor_system& operator*() noexcept { return *system_; }
  caf::actor_system* operator->() noexcept { return system_.get(); }

  time_point now() { return scheduler_->clock().now(); }

  /// Until nothing is left to do, for the actors and on `unit`.
  void run(manual_unit& unit) {
    do {
      while (scheduler_->try_run_once()) {
      }
    } while (unit.run_one());
  }

  /// Lets time pass in the steps of the clock that wakes actors.
  void pass(duration time, manual_unit& unit) {
    const auto end = now() + time;
    while (now() < end) {
      scheduler_->clock().advance_time(
        std::min<duration>(end - now(), alarm_clock::grain));
      run(unit);
    }
  }

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
};

} // namespace aps::test
