// The exchanges of an agent: which of them runs, and over which connection.

#include "actors/agent/agent_actor.hpp"

#include <algorithm>
#include <utility>

namespace aps {

namespace {

constexpr std::string_view given_up_detail = "the agent gave it up";

constexpr duration drain_patience = std::chrono::seconds(1);

} // namespace

// -- the exchange table -------------------------------------------------------

agent_state::entry* agent_state::entry_of(exchange_id id) {
  const auto i = table_.find(id);
  return i == table_.end() ? nullptr : &i->second;
}

const tombstone* agent_state::tombstone_of(exchange_id id) const {
  const auto i = tombstones_.find(id);
  return i == tombstones_.end() ? nullptr : &i->second;
}

void agent_state::refuse_exchange(const agent_connection_actor& from,
                                  const link_ptr& via, exchange_id id,
                                  outcome why, std::string_view detail) {
  ignore(from, id);
  via->send({id, reset_frame{why, std::string{detail}}});
}

void agent_state::on_request(request_arrived& message) {
  const auto id = message.exchange;
  auto* known = entry_of(id);
  const auto* former = known ? nullptr : tombstone_of(id);
  switch (on_head(known ? &known->state : nullptr, former, message.head.attempt,
                  table_.size() < max_agent_exchanges)) {
    case execution_verdict::attach:
      return on_resume_of(*known, {message.from,
                                   message.via,
                                   message.owner,
                                   id,
                                   {message.head.attempt, 0, 0}});
    case execution_verdict::given_up:
      return refuse_exchange(message.from, message.via, id,
                             outcome::started_unknown, given_up_detail);
    case execution_verdict::full:
      return refuse_exchange(message.from, message.via, id,
                             outcome::pool_exhausted,
                             "the agent has too many exchanges");
    case execution_verdict::start:
      if (former)
        tombstones_.erase(id);
      return start(message);
    case execution_verdict::ignore:
    case execution_verdict::unknown: return ignore(message.from, id);
  }
}

void agent_state::start(request_arrived& message) {
  const auto id = message.exchange;
  auto& known = table_[id];
  known.state.attempt = message.head.attempt;
  known.on = message.from;
  ++*context_->live;
  metrics_.on_started();
  auto& unit = message.via->unit();
  auto make = [origins = context_->origins, growth = context_->window_growth,
               &unit, message] {
    auto served = origins->serve(unit, message.exchange, message.head.head,
                                 message.head.window);
    served->grow_with(growth, max_grown_window);
    served->attach(message.via, message.owner);
    return served;
  };
  if (unit.on_thread()) {
    known.served = make();
    known.state.begun = true;
    return compat::send(self_, message.from, route_frames{id, known.served});
  }
  // The origin's sockets belong to the link's unit: go there and come back.
  unit.post([make, to = agent_actor{self_}, id, from = message.from,
             context = context_->units->of(unit),
             use = context_->units->use()] {
    auto served = make();
    compat::enqueue(context.get(), to, served_started{id, served});
    compat::enqueue(context.get(), from, route_frames{id, served});
  });
}

void agent_state::on_started(const served_started& started) {
  const auto i = table_.find(started.exchange);
  if (i == table_.end())
    return started.served->cancel();
  auto& known = i->second;
  known.served = started.served;
  known.state.begun = true;
  if (auto waiting = std::exchange(known.waiting, std::nullopt))
    on_resume_of(known, *waiting);
}

void agent_state::on_resume(resume_arrived& message) {
  const auto id = message.exchange;
  const auto attempt = message.position.attempt;
  auto* known = entry_of(id);
  const auto* former = known ? nullptr : tombstone_of(id);
  const auto verdict
    = aps::on_resume(known ? &known->state : nullptr, former, attempt,
                     tombstones_.size() < max_tombstones);
  if (verdict == execution_verdict::given_up
      || verdict == execution_verdict::unknown)
    tombstones_[id] = asked_for(former, attempt, compat::now(self_));
  switch (verdict) {
    case execution_verdict::attach: return on_resume_of(*known, message);
    case execution_verdict::given_up:
      return refuse_exchange(message.from, message.via, id,
                             outcome::started_unknown, given_up_detail);
    case execution_verdict::full:
      return refuse_exchange(message.from, message.via, id,
                             outcome::started_unknown,
                             "the agent remembers too many exchanges");
    case execution_verdict::unknown:
      ignore(message.from, id);
      return message.via->send({id, resumed_frame{attempt, false, 0, false}});
    case execution_verdict::ignore:
    case execution_verdict::start: return ignore(message.from, id);
  }
}

void agent_state::on_resume_of(entry& known, const resume_arrived& message) {
  attach(known.state, message.position.attempt);
  known.on = message.from;
  // Its unit still makes it: continue when it is there. Asking ourselves
  // again and again would keep that very unit from making it.
  if (!known.served) {
    if (known.waiting)
      ignore(known.waiting->from, message.exchange);
    known.waiting = message;
    return;
  }
  // Resumed before routed: a reset that follows the resume would otherwise
  // reach an exchange that still listens to its former link, and be lost.
  known.served->resume(message.via, message.owner, message.position);
  compat::send(self_, message.from,
               route_frames{message.exchange, known.served});
}

void agent_state::on_finished(exchange_id id) {
  const auto i = table_.find(id);
  if (i == table_.end())
    return;
  if (const auto& ended = i->second.state; has_moved(ended))
    if (const auto remains = remains_of(ended, compat::now(self_)))
      tombstones_[id] = *remains;
  table_.erase(i);
  --*context_->live;
  metrics_.on_over();
}

void agent_state::give_up_detached(time_point now) {
  // A node that lives resumes in no time. Often it has everything, and just
  // its last word was lost: no reason to keep a process from ending.
  const auto patience
    = draining_ ? std::min(resume_time_, drain_patience) : resume_time_;
  std::erase_if(table_, [&](auto& item) {
    auto& [id, one] = item;
    if (!is_abandoned(one.state, patience, now))
      return false;
    one.served->cancel();
    tombstones_[id] = remains_of_abandoned(one.state, now);
    --*context_->live;
    metrics_.on_abandoned();
    return true;
  });
  std::erase_if(tombstones_,
                [&](const auto& item) { return item.second.until <= now; });
}

void agent_state::ignore(const agent_connection_actor& from, exchange_id id) {
  compat::send(self_, from, route_frames{id, nullptr});
}

} // namespace aps
