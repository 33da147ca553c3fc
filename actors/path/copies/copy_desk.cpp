#include "actors/path/copies/copy_desk.hpp"

#include "actors/watch/metric_text.hpp"
#include "transports/seam/exchange/windows.hpp"

#include <caf/action.hpp>
#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <cassert>
#include <utility>

namespace aps {

namespace {

// The way of a copy. It is no mapping's.
std::shared_ptr<const route> way_of(const route& original) {
  const auto& rule = *original.rule.cc;
  auto out = std::make_shared<route>();
  out->index = original.index;
  out->rule.from = original.rule.from;
  out->rule.to = rule.to;
  out->rule.tunnels = rule.tunnels;
  out->rule.endpoints = rule.endpoints;
  out->identity = identity_of(out->rule);
  return out;
}

} // namespace

copy_desk::copy_desk(caf::actor_system& system, node_context_ptr context,
                     carrier_of_copies carry)
    : system_(system), context_(std::move(context)), carry_(std::move(carry)),
      lanes_(context_->units->size()) {}

void copy_desk::count(copy_end end) {
  system_.metrics()
    .counter_instance("aps", "copies", {{"result", view(to_string(end))}},
                      "Copies of requests by `cc` of mappings.", "1", true)
    ->inc();
}

bool copy_desk::take_place(const route& of) {
  const std::lock_guard guard{mutex_};
  auto& here = under_way_[of.identity];
  if (here >= of.rule.cc->max_in_flight)
    return false;
  ++here;
  return true;
}

void copy_desk::give_place(uint64_t identity) {
  const std::lock_guard guard{mutex_};
  const auto here = under_way_.find(identity);
  assert(here != under_way_.end() && here->second > 0);
  if (--here->second == 0)
    under_way_.erase(here);
}

void copy_desk::copy(const exchange_ptr& original) {
  const auto& via = *original->facts().via;
  assert(via.rule.cc);
  const auto& head = *original->head();
  if (head.kind() != exchange_kind::request || original->over())
    return;
  if (head.content_length.value_or(0) > via.rule.cc->max_body_bytes)
    return count(copy_end::too_large);
  if (!take_place(via))
    return count(copy_end::busy);
  auto& unit = original->unit();
  const auto id = next_exchange_id(*context_);
  const auto copy = std::make_shared<request_copy>(
    request_copy::head_of(head, via.rule.cc->to), via.rule.cc->max_body_bytes,
    [self = shared_from_this(), &unit, way = way_of(via),
     id](request_head_ptr asked, std::shared_ptr<visitor> by) {
      return self->start(unit, way, id, std::move(asked), std::move(by));
    },
    [self = shared_from_this(), &unit, id, identity = via.identity,
     use = context_->units->use()](copy_end end) {
      self->give_place(identity);
      self->count(end);
      auto& lane = self->lanes_[unit.index()];
      lane.running.erase(id);
      lane.times.erase(id);
    });
  lanes_[unit.index()].running.emplace(id, copy);
  if (head.last)
    copy->begin();
  else
    original->tap_with(copy);
}

exchange_ptr copy_desk::start(executor& unit,
                              const std::shared_ptr<const route>& via,
                              exchange_id id, request_head_ptr head,
                              std::shared_ptr<visitor> by) {
  // Of nobody's address: no visitor has less because of it.
  const auto out = std::make_shared<exchange>(
    unit, id, std::move(head), exchange_facts{"", "", via}, std::move(by),
    initial_request_window);
  lanes_[unit.index()].times.set(id, unit.now() + patience);
  wake(unit);
  // Whoever carries it may answer at once.
  unit.post([carry = carry_, out] {
    if (!out->over())
      carry(out);
  });
  return out;
}

// -- deadlines ----------------------------------------------------------------

void copy_desk::wake(executor& unit) {
  auto& lane = lanes_[unit.index()];
  const auto due = lane.times.due();
  if (!due)
    return;
  const auto instant = alarm_clock::instant_of(*due);
  if (instant >= lane.alarm)
    return;
  lane.alarm = instant;
  context_->alarms->at(
    instant, caf::make_action([self = weak_from_this(), &unit, instant] {
      if (self.expired())
        return;
      unit.post([self, &unit, instant] {
        const auto me = self.lock();
        if (!me || me->lanes_[unit.index()].alarm != instant)
          return;
        me->lanes_[unit.index()].alarm = never;
        me->look_after(unit);
        me->wake(unit);
      });
    }));
}

void copy_desk::look_after(executor& unit) {
  auto& lane = lanes_[unit.index()];
  std::vector<std::shared_ptr<request_copy>> late;
  while (const auto id = lane.times.take(unit.now()))
    if (const auto found = lane.running.find(*id); found != lane.running.end())
      if (auto copy = found->second.lock())
        late.push_back(std::move(copy));
  for (const auto& copy : late)
    copy->expire();
}

void copy_desk::close(executor& unit) {
  std::vector<std::shared_ptr<request_copy>> all;
  for (const auto& [id, running] : lanes_[unit.index()].running)
    if (auto copy = running.lock())
      all.push_back(std::move(copy));
  for (const auto& copy : all)
    copy->expire();
}

} // namespace aps
