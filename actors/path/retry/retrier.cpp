#include "actors/path/retry/retrier.hpp"

#include "actors/watch/metric_text.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

bool is_repeatable(const config::retry& rule, const request_head& head) {
  const auto& methods = rule.methods;
  return head.kind() == exchange_kind::request
         && (methods.empty()
               ? is_idempotent(head)
               : std::find(methods.begin(), methods.end(), head.method)
                   != methods.end());
}

} // namespace

// With each reload come mappings of new identities, and others never come back.
// By mutex_.
retry_budget& retry_desk::budget_of(uint64_t identity, time_point now) {
  const auto found = budgets_.find(identity);
  if (found != budgets_.end())
    return found->second;
  constexpr auto window = std::chrono::seconds(retry_budget::slots);
  if (now - swept_ >= window) {
    swept_ = now;
    std::erase_if(budgets_,
                  [&](const auto& each) { return each.second.is_idle(now); });
  }
  return budgets_[identity];
}

size_t retry_desk::size() {
  const std::lock_guard guard{mutex_};
  return budgets_.size();
}

void retry_desk::note_request(const route& via, time_point now) {
  const std::lock_guard guard{mutex_};
  budget_of(via.identity, now).note_request(now);
}

bool retry_desk::decide(const route& via, retry_verdict verdict,
                        time_point now) {
  if (verdict == retry_verdict::unconcerned)
    return false;
  bool again = verdict == retry_verdict::again;
  if (again) {
    const std::lock_guard guard{mutex_};
    again = budget_of(via.identity, now).take(via.rule.retry->budget, now);
  }
  count(verdict == retry_verdict::again && !again ? "over-budget"
                                                  : to_string(verdict));
  return again;
}

void retry_desk::count(std::string_view result) {
  system_.metrics()
    .counter_instance("aps", "retries", {{"result", view(result)}},
                      "Answers that `retry` of a mapping concerns, by what "
                      "became of them.",
                      "1", true)
    ->inc();
}

bool retrier::wants_again(const exchange& of, const carrier& by, outcome result,
                          uint16_t status) {
  const auto& via = *of.facts().via;
  assert(via.rule.retry);
  const auto& rule = *via.rule.retry;
  // No endpoint comes twice.
  auto verdict
    = judge_answer(rule, {.result = result,
                          .status = status,
                          .repeatable = is_repeatable(rule, *of.head()),
                          .whole = of.is_whole(),
                          .asked = static_cast<uint32_t>(asked_.size() + 1),
                          .others = true});
  if (verdict == retry_verdict::again) {
    asked_.emplace_back(by.tunnel, by.endpoint);
    if (!has_others(via.rule))
      verdict = retry_verdict::alone;
  }
  return desk_->decide(via, verdict, of.unit().now());
}

// One that is drained takes nothing new.
bool retrier::has_others(const config::mapping& rule) const {
  const auto all = context_->live->of(rule.tunnels, rule.endpoints);
  return std::any_of(all.begin(), all.end(), [&](const auto& place) {
    return std::find(asked_.begin(), asked_.end(), place) == asked_.end()
           && !context_->drains->contains(
             drain_register::endpoint(place.first, place.second));
  });
}

void retrier::ask_again(const exchange_ptr& of) {
  carry_(of, std::make_shared<const std::vector<endpoint_place>>(asked_));
}

} // namespace aps
