#pragma once

#include "transports/net/io_unit.hpp"

#include <memory>
#include <utility>

namespace aps {

/// A completion handler of `Owner`, which it keeps alive: calls
/// `work(owner, results...)`. An exception in there is counted and told by the
/// unit and costs this owner alone: `owner->on_exception(text)` lets go of the
/// connection. Every asynchronous operation of something that owns a
/// connection ends in one of these.
template <class Owner, class Work>
class guarded {
 public:
  guarded(io_unit& unit, std::shared_ptr<Owner> owner, Work work)
      : unit_(&unit), owner_(std::move(owner)), work_(std::move(work)) {}

  template <class... Results>
  void operator()(Results&&... results) {
    try {
      work_(owner_, std::forward<Results>(results)...);
    } catch (...) {
      owner_->on_exception(unit_->on_exception());
    }
  }

 private:
  io_unit* unit_;
  std::shared_ptr<Owner> owner_;
  Work work_;
};

/// See `guarded`; `work` gets `const std::shared_ptr<Owner>&` in front.
template <class Owner, class Work>
guarded<Owner, Work> guard(io_unit& unit, std::shared_ptr<Owner> owner,
                           Work work) {
  return {unit, std::move(owner), std::move(work)};
}

} // namespace aps
