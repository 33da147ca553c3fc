#pragma once

#include "actors/actors.hpp"
#include "actors/base/alarm.hpp"
#include "actors/messages.hpp"
#include "tests/support/sim.hpp"
#include "transports/seam/network.hpp"

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

/// A network that is nothing but a unit.
struct one_unit final : network {
  size_t units() const noexcept override { return 1; }
  executor& unit(size_t) noexcept override { return here; }
  std::unique_ptr<listener> listen(const listen_options&,
                                   std::shared_ptr<front>) override {
    return nullptr;
  }
  void dial(executor&, const dial_options&,
            std::function<void(dial_result)>) override {}
  std::shared_ptr<origin_client> origins(const origin_options&) override {
    return nullptr;
  }
  manual_unit here;
};

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

  /// Runs what waits for one actor, and nothing of the others.
  template <class Handle>
  void run_only(const Handle& whom) {
    while (scheduler_->prioritize(whom))
      scheduler_->run_once();
  }

  /// Lets time pass, without running what that wakes.
  void pass(duration time) { scheduler_->clock().advance_time(time); }

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
