#pragma once

#include "actors/compat.hpp"
#include "transports/seam/executor.hpp"

#include <caf/action.hpp>
#include <caf/actor.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace aps {

/// No deadline at all.
inline constexpr auto never = time_point::max();

/// All deadlines of the actors of one host, and the one timer for them. CAF's
/// clock sorts everything it knows for each timer that comes, which thousands
/// of idle connections would pay for. Thread: any.
class alarm_clock {
 public:
  /// Deadlines are met up to so much late, together with others.
  static constexpr auto grain = std::chrono::milliseconds(20);

  /// Actors are woken in portions of this size.
  static constexpr size_t portion = 256;

  explicit alarm_clock(caf::actor_system& system);

  ~alarm_clock() { stop(); }

  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;

  /// Has `work` run on `actor` at `instant`, unless it is gone by then.
  void at(time_point instant, caf::weak_actor_ptr actor, caf::action work);

  /// The same for what is no actor: `work` runs on one of the clock's own, and
  /// is short.
  void at(time_point instant, caf::action work);

  /// Nobody is woken any more. Idempotent.
  void stop();

  /// The first moment, not before `due`, at which actors are woken.
  static time_point instant_of(time_point due);

  /// How many actors were woken so far.
  size_t woken() const;

 private:
  struct entry {
    caf::weak_actor_ptr owner;
    caf::action work;
  };

  /// Shared with the driver's timers, which may outlive the clock.
  struct book {
    explicit book(caf::actor_system& where) : system(where) {}

    caf::actor_system& system;
    std::mutex mutex;
    caf::strong_actor_ptr driver; ///< runs `ring`; null = stopped
    std::map<time_point, std::vector<entry>> entries;
    time_point armed = never;
    size_t woken = 0;
  };

  static void ring(const std::shared_ptr<book>& all);
  static void arm(const std::shared_ptr<book>& all, time_point instant);

  std::shared_ptr<book> book_;
};

/// The one deadline of an actor: it is woken at the earliest time it asked
/// for, and not at all while nothing is due, so that what rests costs nothing.
/// Lives in the actor's state.
class alarm {
 public:
  explicit alarm(std::shared_ptr<alarm_clock> clock)
      : clock_(std::move(clock)) {}

  /// Calls `work` on `self` at `due`, or a little later. A no-op when it rings
  /// earlier anyway, so `work` has to look for what comes next and ask again.
  template <class Self, class Work>
  void at(Self* self, time_point due, Work work) {
    if (due >= next_)
      return;
    const auto instant
      = alarm_clock::instant_of(std::max<time_point>(due, compat::now(self)));
    if (instant >= next_)
      return;
    next_ = instant;
    clock_->at(instant, caf::weak_actor_ptr{self->ctrl()},
               caf::make_action([this, instant, work] {
                 // An earlier wish overtook this one, and has asked again.
                 if (next_ != instant)
                   return;
                 next_ = never;
                 work();
               }));
  }

 private:
  std::shared_ptr<alarm_clock> clock_;
  time_point next_ = never;
};

/// The same for what lives on an I/O unit and is no actor. On the unit's
/// thread; whoever it wakes has it.
class unit_alarm : public std::enable_shared_from_this<unit_alarm> {
 public:
  unit_alarm(std::shared_ptr<alarm_clock> clock, executor& unit)
      : clock_(std::move(clock)), unit_(unit) {}

  /// Calls `work` on the unit at `due`, or a little later, unless this is gone
  /// by then. As `alarm::at` otherwise.
  void at(time_point due, std::function<void()> work);

 private:
  std::shared_ptr<alarm_clock> clock_;
  executor& unit_;
  time_point next_ = never;
};

} // namespace aps
