#include "actors/path/copies/copy_desk.hpp"

#include "actors/watch/metric_text.hpp"
#include "transports/seam/exchange/windows.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <cassert>
#include <utility>

namespace aps {

namespace {

// The way of a copy. It is no mapping's.
route_ptr way_of(const route& original) {
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
                     carrier_of_copies carry, std::shared_ptr<byte_budget> room)
    : system_(system), context_(std::move(context)), carry_(std::move(carry)),
      room_(std::move(room)), lanes_(context_->units->size()) {
  for (size_t i = 0; i < lanes_.size(); ++i)
    lanes_[i].alarm = std::make_shared<unit_alarm>(
      context_->alarms, context_->units->any(i).unit());
}

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
  byte_share share{room_};
  if (!share.grow(request_copy::size_of(head)))
    return count(copy_end::busy);
  auto& unit = original->unit();
  const auto id = next_exchange_id(*context_);
  const auto copy = std::make_shared<request_copy>(
    request_copy::head_of(head, via.rule.cc->to), via.rule.cc->max_body_bytes,
    std::move(share),
    [self = shared_from_this(), &unit, of = original->facts().via,
     id](request_head_ptr asked, std::shared_ptr<visitor> by) {
      return self->start(unit, *of, id, std::move(asked), std::move(by));
    },
    [self = shared_from_this(), &unit, id, identity = via.identity,
     use = context_->units->use()](copy_end end) {
      self->forget(unit, id, identity);
      self->count(end);
    });
  lanes_[unit.index()].running.emplace(id, run{copy});
  if (head.last)
    copy->begin();
  else
    original->tap_with(copy);
}

// Visitors that are slow with their bodies must not keep others from theirs, so
// a copy has a place from here on.
exchange_ptr copy_desk::start(executor& unit, const route& of, exchange_id id,
                              request_head_ptr head,
                              std::shared_ptr<visitor> by) {
  if (!take_place(of))
    return nullptr;
  lanes_[unit.index()].running.at(id).has_place = true;
  // Of nobody's address: no visitor has less because of it.
  const auto out = std::make_shared<exchange>(
    unit, id, std::move(head), exchange_facts{"", "", way_of(of)},
    std::move(by), initial_request_window);
  lanes_[unit.index()].times.set(id, unit.now() + patience);
  wake(unit);
  // Whoever carries it may answer at once.
  unit.post([carry = carry_, out] {
    if (!out->over())
      carry(out);
  });
  return out;
}

void copy_desk::forget(executor& unit, exchange_id id, uint64_t identity) {
  auto& lane = lanes_[unit.index()];
  const auto found = lane.running.find(id);
  assert(found != lane.running.end());
  if (found->second.has_place)
    give_place(identity);
  lane.running.erase(found);
  lane.times.erase(id);
}

// -- deadlines ----------------------------------------------------------------

void copy_desk::wake(executor& unit) {
  auto& lane = lanes_[unit.index()];
  const auto due = lane.times.due();
  if (!due)
    return;
  lane.alarm->at(*due, [self = weak_from_this(), &unit] {
    if (const auto me = self.lock()) {
      me->look_after(unit);
      me->wake(unit);
    }
  });
}

void copy_desk::look_after(executor& unit) {
  auto& lane = lanes_[unit.index()];
  std::vector<std::shared_ptr<request_copy>> late;
  while (const auto id = lane.times.take(unit.now()))
    if (const auto found = lane.running.find(*id); found != lane.running.end())
      if (auto copy = found->second.copy.lock())
        late.push_back(std::move(copy));
  for (const auto& copy : late)
    copy->expire();
}

void copy_desk::close(executor& unit) {
  std::vector<std::shared_ptr<request_copy>> all;
  for (const auto& [id, running] : lanes_[unit.index()].running)
    if (auto copy = running.copy.lock())
      all.push_back(std::move(copy));
  for (const auto& copy : all)
    copy->expire();
}

} // namespace aps
