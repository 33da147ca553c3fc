#include "actors/policy/execution.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

execution_verdict on_head(const execution* running, const tombstone* former,
                          uint32_t attempt, bool room) noexcept {
  if (running)
    // A repeated head attaches to what runs already.
    return attempt > running->attempt ? execution_verdict::attach
                                      : execution_verdict::ignore;
  if (former && former->executed)
    return execution_verdict::given_up;
  if (former && attempt <= former->attempt)
    return execution_verdict::ignore;
  return room ? execution_verdict::start : execution_verdict::full;
}

execution_verdict on_resume(const execution* running, const tombstone* former,
                            uint32_t attempt, bool room) noexcept {
  if (running)
    return attempt > running->attempt ? execution_verdict::attach
                                      : execution_verdict::ignore;
  if (former && former->executed)
    return execution_verdict::given_up;
  // Without a place to remember that it never was here it must not come.
  return former || room ? execution_verdict::unknown : execution_verdict::full;
}

void attach(execution& running, uint32_t attempt) noexcept {
  assert(attempt >= running.attempt); // equal: it waited for its start
  running.attempt = attempt;
  running.detached.reset();
}

tombstone asked_for(const tombstone* former, uint32_t attempt,
                    time_point now) noexcept {
  auto out = former ? *former : tombstone{};
  // A head of an older attempt may still be on its way over a dying link.
  out.attempt = std::max(out.attempt, attempt);
  out.until = now + tombstone_time;
  return out;
}

std::optional<tombstone> remains_of(const execution& ended,
                                    time_point now) noexcept {
  if (!has_moved(ended))
    return std::nullopt;
  return remains_of_abandoned(ended, now);
}

bool is_abandoned(const execution& running, duration patience,
                  time_point now) noexcept {
  return running.detached && running.begun
         && now - *running.detached >= patience;
}

tombstone remains_of_abandoned(const execution& given_up,
                               time_point now) noexcept {
  return {given_up.attempt, true, now + tombstone_time};
}

} // namespace aps
