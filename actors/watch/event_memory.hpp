#pragma once

#include "actors/events.hpp"

#include <algorithm>
#include <deque>

namespace aps {

/// The last events, for subscribers that come later. What visitors or
/// strangers can cause in masses has a place of its own, so that it does not
/// push out the rest; what comes with every request is not kept. Pure; not
/// thread-safe.
class event_memory {
 public:
  static constexpr size_t room = 1024;
  static constexpr size_t room_for_masses = 256;

  void keep(const event& event) {
    switch (row_of(event.kind).pace) {
      case event_pace::per_request: return;
      case event_pace::mass: return many_.keep(event, room_for_masses);
      case event_pace::seldom: return few_.keep(event, room);
    }
  }

  /// Calls `visit` with each kept event after `serial`, in order.
  template <class Visit>
  void after(uint64_t serial, Visit visit) const {
    auto i = few_.after(serial);
    auto j = many_.after(serial);
    const auto i_end = few_.kept.end();
    const auto j_end = many_.kept.end();
    while (i != i_end || j != j_end)
      visit(j == j_end || (i != i_end && i->serial < j->serial) ? *i++ : *j++);
  }

  /// How many after `serial` were kept once and are not any more; at most so
  /// many.
  uint64_t forgotten(uint64_t serial) const {
    return few_.forgotten(serial) + many_.forgotten(serial);
  }

  /// How many from `serial` to `last` were never kept, for each request has
  /// some.
  uint64_t passed(uint64_t serial, uint64_t last) const {
    if (serial >= last)
      return 0;
    const auto known = forgotten(serial) + few_.count_after(serial)
                       + many_.count_after(serial);
    return last - serial - std::min(known, last - serial);
  }

 private:
  struct place {
    void keep(const event& event, size_t most) {
      kept.push_back(event);
      if (kept.size() <= most)
        return;
      last_gone = kept.front().serial;
      ++gone;
      kept.pop_front();
    }

    std::deque<event>::const_iterator after(uint64_t serial) const {
      return std::partition_point(
        kept.begin(), kept.end(),
        [serial](const event& one) { return one.serial <= serial; });
    }

    uint64_t count_after(uint64_t serial) const {
      return static_cast<uint64_t>(kept.end() - after(serial));
    }

    uint64_t forgotten(uint64_t serial) const {
      return serial >= last_gone ? 0 : std::min(gone, last_gone - serial);
    }

    std::deque<event> kept;
    uint64_t gone = 0;
    uint64_t last_gone = 0; ///< its serial
  };

  place few_;
  place many_;
};

} // namespace aps
