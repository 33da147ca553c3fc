#include "actors/path/pool.hpp"

#include "actors/watch/event_text.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

// What time brings to a pool: sizes, lifetimes, health.
namespace aps {

namespace {

// How often one is looked after that has nothing to do: what its health is
// made of changes slowly.
constexpr duration calm_interval = std::chrono::seconds(5);
constexpr duration shortest_interval = std::chrono::milliseconds(10);

// Who was asked to dial and did not within this time will not.
constexpr auto ask_timeout = std::chrono::seconds(1);

// While an endpoint is degraded, a lost connection is not asked for sooner.
constexpr auto degraded_pause = std::chrono::seconds(1);

sizing_settings sizing_of(const config::pool& settings) {
  sizing_settings out;
  out.min_size = settings.pool_size;
  out.max_size = settings.max_pool_size;
  out.max_leases = settings.max_requests_per_connection;
  out.idle_timeout = to_duration(settings.idle_timeout);
  out.max_lifetime = to_duration(settings.max_lifetime);
  out.target = settings.target_utilization / 100.0;
  out.hysteresis = settings.utilization_hysteresis / 100.0;
  return out;
}

ejection_settings ejection_of(const config::pool& settings) {
  ejection_settings out;
  out.failures = settings.ejection_failures;
  out.first = to_duration(settings.ejection_time);
  out.longest = std::max(out.longest, out.first);
  out.max_share = settings.max_ejection_percent / 100.0;
  return out;
}

bool differ(double x, double y, double part) {
  return std::abs(x - y) > part * std::max(std::abs(x), std::abs(y));
}

} // namespace

// -- time ---------------------------------------------------------------------

// Asks to be woken when there is something to look after.
void pool_state::wake() {
  alarm_.at(self_, next_due(compat::now(self_)), [this] { look_after(); });
}

time_point pool_state::next_due(time_point now) const {
  if (draining_)
    return never;
  auto due = members_.empty() ? never : time_point{now + calm_interval};
  const auto by = [&](time_point when) { due = std::min(due, when); };
  if (active_ > 0 || leased_total_ != leased_before_)
    by(now + busy_interval);
  if (!waiting_.empty())
    by(waiting_.front().deadline);
  if (asked_ > 0)
    by(asked_at_ + ask_timeout);
  if (plan_.open > 0)
    by(std::max(replacements_.next(),
                asked_at_ + to_duration(settings_.growth_cooldown)));
  if (!degraded_.empty())
    by(losses_.over_at());
  const auto by_if_ahead = [&](time_point when) {
    if (when > now)
      by(when);
  };
  if (surplus_since_)
    by_if_ahead(*surplus_since_ + sizing_.idle_timeout);
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto& view = views_[i];
    if (view.ejected || (view.draining && view.leases > 0))
      by(now + busy_interval);
    if (view.draining)
      continue;
    by_if_ahead(end_of(sizing_, view));
    if (plan_.surplus && view.leases == 0)
      by_if_ahead(view.last_used + sizing_.idle_timeout);
  }
  return std::max<time_point>(due, now + shortest_interval);
}

void pool_state::look_after() {
  const auto now = compat::now(self_);
  fail_late_waiters(now);
  if (draining_)
    return;
  leased_before_ = leased_total_;
  for (size_t i = 0; i < members_.size(); ++i)
    weigh(i, now);
  std::erase_if(resets_, [now](const auto& item) {
    return item.second.value(now) == 0;
  });
  eject_sick(now);
  look_after_ejected(now);
  watch_intensity(now);
  move_overdue(now);
  apply_plan();
  tell_status();
  wake();
}

void pool_state::on_reconfigure(const config::pool& settings) {
  settings_ = settings;
  sizing_ = sizing_of(settings);
  ejection_ = ejection_of(settings);
  losses_.set(settings.restart_intensity, to_duration(settings.restart_window));
  note_members();
}

void pool_state::fail_late_waiters(time_point now) {
  // While nothing is heard of any agent they wait for the network, not for a
  // place; how long that may take is the controller's.
  if (live_count() > 0 && all_silent())
    return;
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    auto late = std::move(waiting_.front().job);
    waiting_.pop_front();
    note_waiting();
    if (late.is_over())
      continue;
    tell(event_kind::pool_exhausted, {}, "no connection became free in time",
         waiting_.size());
    late.exchange->fail(outcome::acquire_timeout, "no connection of "
                                                    + endpoint_name_
                                                    + " became free in time");
  }
}

// -- size ---------------------------------------------------------------------

void pool_state::apply_plan() {
  if (draining_)
    return;
  const auto now = compat::now(self_);
  if (asked_ > 0 && now - asked_at_ >= ask_timeout) {
    asked_ = 0;
    late_ = true;
    // An agent that dials, if slowly, needs no patience.
    if (!answered_)
      replacements_.on_failed(now);
  }
  plan_ = plan_size(sizing_, {views_, static_cast<uint32_t>(waiting_.size()),
                              asked_, now, surplus_since_});
  if (!plan_.surplus)
    surplus_since_.reset();
  else if (!surplus_since_)
    surplus_since_ = now;
  ask_for(plan_, now);
  for (const auto index : plan_.expired) {
    tell(event_kind::connection_expired, members_[index].name, "max lifetime");
    retire_member(index, close_reason::normal, "max lifetime");
  }
  for (const auto index : plan_.idle) {
    tell(event_kind::connection_idle_closed, members_[index].name,
         plan_.reason);
    retire_member(index, close_reason::normal, "idle");
  }
  if (!plan_.idle.empty())
    tell(event_kind::pool_shrunk, {}, plan_.reason, plan_.idle.size());
  wake();
}

void pool_state::ask_for(const sizing_plan& plan, time_point now) {
  if (plan.open == 0 || !replacements_.due(now)
      || now - asked_at_ < to_duration(settings_.growth_cooldown))
    return;
  growth_wish wish{setup_.transport, plan.open, plan.reason, std::nullopt,
                   std::exchange(late_, false)};
  if (usable_count() >= plan.needed) {
    // The agent of one that grows old dials its replacement.
    wish.reason = "replacement";
    for (size_t i = 0; i < views_.size() && !wish.session; ++i)
      if (views_[i].usable() && age_of(sizing_, views_[i], now) >= 1)
        wish.session = members_[i].session;
  } else if (usable_count() >= sizing_.min_size) {
    tell(event_kind::pool_grown, {}, plan.reason, plan.open);
  }
  asked_ += plan.open;
  asked_at_ = now;
  answered_ = false;
  compat::send(self_, controller_, std::move(wish));
}

// A draining member is never cut. What still runs there after the grace time
// goes on over another connection of its session.
void pool_state::move_overdue(time_point now) {
  const auto grace = to_duration(settings_.lifetime_grace);
  for (size_t i = 0; i < members_.size(); ++i) {
    if (!views_[i].draining || now - members_[i].draining_since < grace)
      continue;
    auto& leases = members_[i].leases;
    for (auto lease = leases.begin(); lease != leases.end();) {
      auto job = lease->second;
      const auto to = choose(job);
      if (to == no_member)
        break; // stays where it is
      lease = leases.erase(lease);
      free_place(views_[i]);
      ++moved_total_;
      const auto id = job.exchange->id();
      grant_to(to, job);
      compat::send(self_, members_[i].actor, release{id});
    }
  }
}

// -- health -------------------------------------------------------------------

health_terms pool_state::terms_of(size_t index, time_point now) const {
  const auto& view = views_[index];
  health_terms out;
  out.latency_ms
    = std::chrono::duration<double, std::milli>(view.rtt).count();
  out.failures = members_[index].failures.value(now);
  if (const auto i = resets_.find(view.session); i != resets_.end())
    out.resets = i->second.value(now);
  out.age = std::clamp(age_of(sizing_, view, now), 0.0, 1.0);
  out.load = view.leases;
  return out;
}

void pool_state::weigh(size_t index, time_point now) {
  views_[index].penalty = terms_of(index, now).penalty();
}

void pool_state::on_health(const health_report& report) {
  const auto index = index_of(report.actor);
  if (index == no_member)
    return;
  const auto now = compat::now(self_);
  auto& member = members_[index];
  auto& view = views_[index];
  member.late = report.late;
  if (report.late) {
    member.failures.add(now);
  } else if (std::exchange(member.probing, false)) {
    view.rtt = report.sample;
    if (readmits(ejection_, views_, index, report.sample))
      readmit(index, now);
    else
      member.ejected_until = now + ejection_.first * (1 + member.ejections++);
  } else {
    view.rtt = report.rtt;
  }
  weigh(index, now);
  // Whether the others are sick does not depend on it.
  if (may_be_sick(ejection_, views_[index], member.failures.value(now)))
    eject_sick(now);
  wake();
}

void pool_state::note_loss(uint64_t session, bool proven) {
  const auto now = compat::now(self_);
  ++lost_total_;
  resets_[session].add(now);
  replacements_.on_lost(proven, now);
  if (losses_.add(now))
    replacements_.hold(now + degraded_pause);
  watch_intensity(now);
}

void pool_state::eject_sick(time_point now) {
  std::vector<ejection_view> health;
  health.reserve(members_.size());
  for (const auto& member : members_)
    health.push_back({member.failures.value(now), member.ejections});
  for (auto& sick : plan_ejections(ejection_, views_, health)) {
    auto& member = members_[sick.member];
    views_[sick.member].ejected = true;
    note_members();
    member.ejected_until = now + sick.time;
    ++member.ejections;
    ++ejected_total_;
    tell(event_kind::connection_ejected, member.name,
         sick.reason + ", for " + show_duration(sick.time));
  }
}

void pool_state::readmit(size_t index, time_point now) {
  auto& member = members_[index];
  views_[index].ejected = false;
  note_members();
  member.probing = false;
  member.failures.clear();
  member.readmitted_at = now;
  weigh(index, now);
  tell(event_kind::connection_readmitted, member.name, "its probe succeeded");
  serve_waiting();
}

void pool_state::look_after_ejected(time_point now) {
  const auto nobody_left = usable_count() == 0;
  for (size_t i = 0; i < members_.size(); ++i) {
    auto& member = members_[i];
    if (views_[i].draining)
      continue;
    if (!views_[i].ejected) {
      if (now - member.readmitted_at >= ejection_.longest)
        member.ejections = 0;
      continue;
    }
    // A sick connection is better than none.
    if (!member.probing && (nobody_left || now >= member.ejected_until)) {
      member.probing = true;
      compat::send(self_, member.actor, check_health{});
    }
  }
}

void pool_state::watch_intensity(time_point now) {
  const auto too_many = losses_.exceeded(now);
  if (too_many == !degraded_.empty())
    return;
  if (too_many) {
    degraded_ = "more than " + std::to_string(settings_.restart_intensity)
                + " connections lost within "
                + show_duration(to_duration(settings_.restart_window));
    tell(event_kind::endpoint_degraded, {}, degraded_);
  } else {
    degraded_.clear();
    tell(event_kind::endpoint_recovered, {}, "no connection lost lately");
  }
  note_members();
  tell_status();
}

// -- reports ------------------------------------------------------------------

void pool_state::tell_status() {
  pool_status fresh;
  fresh.transport = setup_.transport;
  fresh.degraded = degraded_;
  size_t best = no_member;
  const auto cost = [this](size_t i) {
    return weighed_latency(views_[i].rtt) * views_[i].penalty;
  };
  for (size_t i = 0; i < views_.size(); ++i)
    if (views_[i].usable() && (best == no_member || cost(i) < cost(best)))
      best = i;
  if (best != no_member) {
    fresh.latency = views_[best].rtt;
    fresh.penalty = views_[best].penalty;
  }
  if (fresh.degraded == status_.degraded
      && !differ(weighed_latency(fresh.latency),
                 weighed_latency(status_.latency), 0.2)
      && !differ(fresh.penalty, status_.penalty, 0.1))
    return;
  status_ = fresh;
  compat::send(self_, controller_, std::move(fresh));
}

// After each change of members, of what they are worth, or of the minimum.
void pool_state::note_members() {
  setup_.figures->size = static_cast<uint32_t>(members_.size());
  setup_.figures->weak = !degraded_.empty()
                         || usable_count() < sizing_.min_size;
}

void pool_state::note_waiting() {
  setup_.figures->waiting = static_cast<uint32_t>(waiting_.size());
}

bool pool_state::has_true_figures() const {
  const auto& figures = *setup_.figures;
  const auto busy = std::count_if(views_.begin(), views_.end(),
                                  [](const auto& view) {
                                    return view.leases > 0;
                                  });
  return figures.size == members_.size() && figures.busy == busy
         && figures.waiting == waiting_.size()
         && figures.weak
              == (!degraded_.empty() || usable_count() < sizing_.min_size);
}

pool_snapshot pool_state::snapshot() const {
  assert(has_true_figures());
  pool_snapshot out;
  out.tunnel = setup_.tunnel;
  out.endpoint = setup_.endpoint;
  out.transport = setup_.transport;
  out.waiting = static_cast<uint32_t>(waiting_.size());
  out.leases = active_;
  out.min_size = sizing_.min_size;
  out.max_size = sizing_.max_size;
  out.usable = usable_count();
  out.asked = asked_;
  out.target_size = plan_.target_size;
  out.utilization = plan_.utilization;
  out.sizing_reason = plan_.reason;
  out.degraded = degraded_;
  out.leased_total = leased_total_;
  out.opened_total = opened_total_;
  out.lost_total = lost_total_;
  out.ejected_total = ejected_total_;
  out.moved_total = moved_total_;
  out.refused_total = refused_total_;
  const auto now = compat::now(self_);
  const auto& drains = *context_->drains;
  const auto drained = drains.contains(
    drain_register::endpoint(setup_.tunnel, setup_.endpoint));
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto& member = members_[i];
    const auto& view = views_[i];
    const auto age = std::chrono::duration<double>(now - view.opened);
    out.members.push_back({member.name, member.peer, to_hex(member.session),
                           view.leases, view.draining, view.ejected,
                           age.count(), terms_of(i, now)});
    auto& shown = out.members.back();
    shown.drained = drained
                    || drains.contains(drain_register::session(member.session));
    shown.credential = member.credential;
    if (const auto& counters = member.counters) {
      shown.bytes_in = counters->bytes_in;
      shown.bytes_out = counters->bytes_out;
      shown.queued = counters->queued;
    }
  }
  return out;
}

} // namespace aps
