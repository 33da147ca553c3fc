#include "actors/base/alarm.hpp"

#include <caf/event_based_actor.hpp>

namespace aps {

alarm_clock::alarm_clock(caf::actor_system& system)
    : book_(std::make_shared<book>(system)) {
  // Who only rings for others is none of the actors that hosts count.
  const auto driver = system.spawn<caf::hidden>(
    [](caf::event_based_actor*) -> caf::behavior {
      return {[](caf::unit_t) {}};
    });
  book_->driver = caf::actor_cast<caf::strong_actor_ptr>(driver);
}

time_point alarm_clock::instant_of(time_point due) {
  const auto rest = due.time_since_epoch() % duration{grain};
  return rest == duration{} ? due : due - rest + grain;
}

void alarm_clock::at(time_point instant, caf::weak_actor_ptr actor,
                     caf::action work) {
  {
    std::lock_guard guard{book_->mutex};
    if (!book_->driver)
      return;
    book_->entries[instant].push_back({std::move(actor), std::move(work)});
  }
  arm(book_, instant);
}

void alarm_clock::at(time_point instant, caf::action work) {
  caf::weak_actor_ptr own;
  {
    std::lock_guard guard{book_->mutex};
    if (!book_->driver)
      return;
    own = caf::weak_actor_ptr{book_->driver.get()};
  }
  at(instant, std::move(own), std::move(work));
}

// Sets CAF's clock unless it rings earlier anyway. Never on its thread, which
// must not wait for itself: that is what the driver is for.
void alarm_clock::arm(const std::shared_ptr<book>& all, time_point instant) {
  caf::strong_actor_ptr driver;
  {
    std::lock_guard guard{all->mutex};
    if (instant >= all->armed || !all->driver)
      return;
    all->armed = instant;
    driver = all->driver;
  }
  compat::run_at(all->system, instant, std::move(driver), [all, instant] {
    {
      std::lock_guard guard{all->mutex};
      if (all->armed != instant)
        return; // an earlier one was set since, and looked further
      all->armed = never;
    }
    ring(all);
  });
}

void alarm_clock::ring(const std::shared_ptr<book>& all) {
  const auto now = compat::now(all->system);
  std::vector<entry> due;
  auto next = never;
  {
    std::lock_guard guard{all->mutex};
    auto& entries = all->entries;
    while (!entries.empty() && entries.begin()->first <= now
           && due.size() < portion) {
      auto& bucket = entries.begin()->second;
      const auto count = std::min(bucket.size(), portion - due.size());
      const auto from = bucket.end() - static_cast<ptrdiff_t>(count);
      due.insert(due.end(), std::make_move_iterator(from),
                 std::make_move_iterator(bucket.end()));
      bucket.erase(from, bucket.end());
      if (bucket.empty())
        entries.erase(entries.begin());
    }
    all->woken += due.size();
    if (!entries.empty())
      next = entries.begin()->first;
  }
  for (auto& [who, work] : due)
    if (const auto to = caf::actor_cast<caf::strong_actor_ptr>(who))
      compat::run_on(to, std::move(work));
  if (next != never)
    arm(all, next);
}

void alarm_clock::stop() {
  caf::strong_actor_ptr driver;
  std::map<time_point, std::vector<entry>> entries;
  {
    std::lock_guard guard{book_->mutex};
    driver.swap(book_->driver);
    entries.swap(book_->entries);
  }
  if (driver)
    compat::stop_anonymously(caf::actor_cast<caf::actor>(driver));
}

size_t alarm_clock::woken() const {
  std::lock_guard guard{book_->mutex};
  return book_->woken;
}

void unit_alarm::at(time_point due, std::function<void()> work) {
  const auto instant = alarm_clock::instant_of(due);
  if (instant >= next_)
    return;
  next_ = instant;
  clock_->at(instant, caf::make_action([self = weak_from_this(), instant,
                                        work = std::move(work)] {
               const auto me = self.lock();
               if (!me)
                 return;
               me->unit_.post([self, instant, work] {
                 const auto alive = self.lock();
                 // An earlier wish overtook this one, and looks further.
                 if (!alive || alive->next_ != instant)
                   return;
                 alive->next_ = never;
                 work();
               });
             }));
}

} // namespace aps
