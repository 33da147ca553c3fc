#include "transports/front/mapping/exchange_deadlines.hpp"

#include <utility>

namespace aps {

namespace {

duration of(config::seconds time) {
  return std::chrono::duration_cast<duration>(time);
}

} // namespace

exchange_deadlines::exchange_deadlines(const config::timeouts* own,
                                       time_point begun) {
  if (!own)
    return;
  first_byte_ = of(own->first_byte_timeout);
  idle_ = of(own->idle_timeout);
  total_ = of(own->total_timeout);
  begun_ = moved_ = begun;
}

std::optional<outcome> exchange_deadlines::look(const view& at,
                                                time_point now) {
  const bool moved = std::exchange(progress_, at.progress) != at.progress;
  // Until there is an answer others count, and a slow visitor is another case.
  if (moved || at.held_up || !(at.answered || at.upgraded))
    moved_ = now;
  // What was upgraded may live as long as it does something.
  if (total_ > duration::zero() && !at.upgraded && now - begun_ >= total_)
    return outcome::total_timeout;
  if (idle_ > duration::zero() && now - moved_ >= idle_)
    return outcome::idle_timeout;
  return std::nullopt;
}

} // namespace aps
