#include "actors/policy/retry.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Nobody began with it.
bool is_connect_failure(outcome result) noexcept {
  return result == outcome::origin_unresolved
         || result == outcome::origin_refused
         || result == outcome::origin_unreachable
         || result == outcome::origin_tls || result == outcome::origin_timeout;
}

bool is_reason(const config::retry& rule, const retry_view& answer) noexcept {
  if (answer.result == outcome::ok)
    return rule.has(answer.status);
  // What the way there has to say is no answer of an endpoint's.
  if (class_of(answer.result) != "origin")
    return false;
  return (rule.connect && is_connect_failure(answer.result))
         || rule.has(static_cast<uint16_t>(status_of(answer.result)));
}

int64_t second_of(time_point now) {
  return std::chrono::duration_cast<std::chrono::seconds>(
           now.time_since_epoch())
    .count();
}

} // namespace

std::string_view to_string(retry_verdict verdict) noexcept {
  switch (verdict) {
    case retry_verdict::unconcerned: return "unconcerned";
    case retry_verdict::unfit: return "unfit";
    case retry_verdict::exhausted: return "exhausted";
    case retry_verdict::alone: return "alone";
    case retry_verdict::again: return "again";
  }
  return "unknown";
}

retry_verdict judge_answer(const config::retry& rule,
                           const retry_view& answer) noexcept {
  assert(answer.asked > 0);
  if (!is_reason(rule, answer))
    return retry_verdict::unconcerned;
  if (!answer.repeatable || !answer.whole)
    return retry_verdict::unfit;
  if (answer.asked >= rule.attempts)
    return retry_verdict::exhausted;
  return answer.others ? retry_verdict::again : retry_verdict::alone;
}

retry_budget::slot& retry_budget::at(time_point now) {
  const auto second = second_of(now);
  auto& out = slots_[static_cast<uint64_t>(second) % slots];
  if (out.second != second)
    out = {second, 0, 0};
  return out;
}

void retry_budget::note_request(time_point now) {
  ++at(now).requests;
}

bool retry_budget::take(uint32_t percent, time_point now) {
  auto& here = at(now);
  uint64_t requests = 0;
  uint64_t retries = 0;
  for (const auto& each : slots_)
    if (here.second - each.second < slots) {
      requests += each.requests;
      retries += each.retries;
    }
  if (percent == 0
      || (retries >= always && retries * 100 >= requests * percent))
    return false;
  ++here.retries;
  return true;
}

bool retry_budget::is_idle(time_point now) const noexcept {
  const auto here = second_of(now);
  return std::all_of(slots_.begin(), slots_.end(), [&](const slot& each) {
    return here - each.second >= slots;
  });
}

} // namespace aps
