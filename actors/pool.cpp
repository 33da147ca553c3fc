#include "actors/pool.hpp"

#include "actors/text.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(250);

sizing_settings sizing_of(const config::pool& settings) {
  sizing_settings sizing;
  sizing.min_size = settings.pool_size;
  sizing.max_size = settings.max_pool_size;
  sizing.max_leases = settings.max_requests_per_connection;
  sizing.idle_timeout = to_duration(settings.idle_timeout);
  sizing.max_lifetime = to_duration(settings.max_lifetime);
  return sizing;
}

} // namespace

pool_state::pool_state(pool_actor::pointer self, node_context_ptr context,
                       controller_actor controller, pool_setup setup)
    : self_(self), context_(std::move(context)),
      controller_(std::move(controller)), setup_(std::move(setup)),
      endpoint_name_(setup_.tunnel + "." + setup_.endpoint),
      sizing_(sizing_of(setup_.settings)), random_state_(self->id() * 2 + 1) {}

pool_actor::behavior_type pool_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) {
    for (const auto& member : members_)
      if (member.address == down.source)
        return on_lost(member.actor, link_error::lost, "its actor died");
  });
  tell(event_kind::pool_created, {},
       "with size " + std::to_string(sizing_.min_size) + ", idle timeout "
         + show_duration(sizing_.idle_timeout) + ", max lifetime "
         + show_duration(sizing_.max_lifetime),
       sizing_.min_size);
  arm_tick();
  return {
    [this](const candidate& who) { on_candidate(who); },
    [this](lease& wanted) { on_lease(wanted); },
    [this](const returned& done) { on_returned(done); },
    [this](const connection_lost& lost) {
      on_lost(lost.who, lost.error, lost.detail);
    },
    [this](const health_report& report) { on_health(report); },
    [this](drain) { on_drain(); },
    [this](get_snapshot) { return snapshot(); },
  };
}

// -- members ------------------------------------------------------------------

void pool_state::on_candidate(const candidate& who) {
  if (draining_)
    return compat::send(self_, who.who, rejected{refusal::draining, 1000});
  if (members_.size() >= sizing_.max_size)
    return compat::send(self_, who.who, rejected{refusal::pool_full, 5000});
  const auto now = compat::now(self_);
  compat::monitor(self_, who.who);
  members_.push_back({who.who, who.who.address(), who.connection, who.peer,
                      who.session, {}});
  // Spread between -1 and 1, so that members of one age do not end at once.
  const auto jitter = double(random() % 2001) / 1000.0 - 1.0;
  views_.push_back({0, false, now, now, {}, jitter});
  asked_ -= std::min(asked_, 1u);
  compat::send(self_, who.who,
               admitted{self_, endpoint_name_, who.proof, setup_.settings,
                        setup_.resume_time_ms});
  compat::send(self_, controller_,
               member_change{who.who, who.connection, who.session,
                             setup_.transport, true});
  tell(event_kind::connection_opened, who.connection, "from " + who.peer,
       members_.size());
  serve_waiting();
  apply_plan();
}

void pool_state::on_lost(connection_actor who, link_error error,
                         const std::string& detail) {
  const auto index = index_of(who);
  if (index == no_member)
    return;
  auto gone = std::move(members_[index]);
  const auto was_draining = views_[index].draining;
  remove(index);
  active_ -= std::min(active_, static_cast<uint32_t>(gone.leases.size()));
  orphaned orphans{{}, setup_.transport, error, detail};
  for (auto& [id, job] : gone.leases)
    orphans.jobs.push_back(std::move(job));
  if (!was_draining)
    tell_gone(gone);
  if (!orphans.jobs.empty())
    compat::send(self_, controller_, std::move(orphans));
  if (error != link_error::none || !was_draining)
    tell(event_kind::connection_lost, gone.name,
         std::string(render(error)) + (detail.empty() ? "" : ": " + detail));
  if (live_count() == 0)
    refuse_waiting(error, "no live connection");
  // Its agent dials again by itself: expect that one before asking for more.
  if (!was_draining) {
    ++asked_;
    asked_at_ = compat::now(self_);
  }
  apply_plan();
}

void pool_state::remove(size_t index) {
  members_[index] = std::move(members_.back());
  members_.pop_back();
  views_[index] = views_.back();
  views_.pop_back();
}

void pool_state::on_health(const health_report& report) {
  const auto index = index_of(report.who);
  if (index == no_member)
    return;
  views_[index].rtt = report.rtt;
  if (report.draining && !views_[index].draining)
    retire_member(index, close_reason::normal, "drained by the agent");
}

// -- leases -------------------------------------------------------------------

void pool_state::on_lease(lease& wanted) {
  const auto moving = wanted.what.session.has_value();
  // What moves never waits behind what is new, nor here at all: its session
  // may have a connection of the other transport.
  if ((moving || waiting_.empty()) && grant(wanted.what))
    return;
  if (moving)
    return fail_lease(std::move(wanted.what), link_error::unavailable,
                      "no connection of this session");
  if (live_count() == 0)
    return fail_lease(std::move(wanted.what), link_error::unavailable,
                      "no live connection");
  if (waiting_.size() >= setup_.settings.max_waiting) {
    tell(event_kind::pool_exhausted, {}, "the waiting queue is full",
         waiting_.size());
    return wanted.what.what->fail(outcome::pool_exhausted,
                                  "the waiting queue of " + endpoint_name_
                                    + " is full");
  }
  const auto deadline = compat::now(self_)
                        + to_duration(setup_.settings.acquire_timeout);
  waiting_.push_back({std::move(wanted.what), deadline});
  apply_plan();
}

bool pool_state::grant(job& what) {
  const auto index = choose(what);
  if (index == no_member)
    return false;
  grant_to(index, what);
  return true;
}

size_t pool_state::choose(const job& what) {
  if (!what.session)
    return choose_member(sizing_, views_, random(), random());
  size_t best = no_member;
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].session != *what.session)
      continue;
    const auto better = better_of(sizing_, views_, i,
                                  best == no_member ? i : best);
    if (better != no_member)
      best = better;
  }
  // What moves must not wait behind what is new: the cap may be passed.
  for (size_t i = 0; best == no_member && i < members_.size(); ++i)
    if (members_[i].session == *what.session && !views_[i].draining)
      best = i;
  return best;
}

void pool_state::grant_to(size_t index, job& what) {
  auto& member = members_[index];
  auto& view = views_[index];
  ++view.leases;
  ++leased_total_;
  ++active_;
  view.last_used = compat::now(self_);
  what.session = member.session;
  compat::send(self_, member.actor, carry{what});
  const auto id = what.what->id();
  member.leases.insert_or_assign(id, std::move(what));
  if (context_->log->should_log(spdlog::level::debug))
    context_->log->debug("{} Connection {} acquired from pool {} (active: {})",
                         pool_tag(setup_.transport), member.name,
                         endpoint_name_, active_);
}

void pool_state::on_returned(const returned& done) {
  const auto index = index_of(done.from);
  if (index == no_member)
    return;
  auto& member = members_[index];
  if (member.leases.erase(done.exchange) == 0)
    return;
  auto& view = views_[index];
  --view.leases;
  --active_;
  view.last_used = compat::now(self_);
  if (context_->log->should_log(spdlog::level::debug))
    context_->log->debug("{} Connection {} returned to pool {} (active: {})",
                         pool_tag(setup_.transport), member.name,
                         endpoint_name_, active_);
  // Only the breaker's primary cares for successes.
  if (setup_.transport == transport_kind::grpc)
    compat::send(self_, controller_, exchange_done{setup_.transport, done.how});
  if (!waiting_.empty())
    serve_waiting();
}

void pool_state::serve_waiting() {
  while (!waiting_.empty()) {
    auto& next = waiting_.front().what;
    // A visitor that left meanwhile needs no connection any more.
    if (!next.what->over() && !grant(next))
      return;
    waiting_.pop_front();
  }
}

void pool_state::fail_late_waiters(time_point now) {
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    auto late = std::move(waiting_.front().what);
    waiting_.pop_front();
    if (late.what->over())
      continue;
    tell(event_kind::pool_exhausted, {}, "no connection became free in time",
         waiting_.size());
    late.what->fail(outcome::acquire_timeout,
                    "no connection of " + endpoint_name_
                      + " became free in time");
  }
}

void pool_state::fail_lease(job what, link_error error, std::string detail) {
  compat::send(self_, controller_,
               lease_failed{std::move(what), setup_.transport, error,
                            std::move(detail)});
}

void pool_state::refuse_waiting(link_error error, const std::string& detail) {
  while (!waiting_.empty()) {
    fail_lease(std::move(waiting_.front().what), error, detail);
    waiting_.pop_front();
  }
}

// -- policy -------------------------------------------------------------------

void pool_state::arm_tick() {
  compat::run_delayed(self_, tick_interval, [this] {
    on_tick();
    arm_tick();
  });
}

void pool_state::on_tick() {
  fail_late_waiters(compat::now(self_));
  apply_plan();
}

void pool_state::apply_plan() {
  const auto now = compat::now(self_);
  if (draining_)
    return;
  if (asked_ > 0 && now - asked_at_ >= sizing_.ask_again)
    asked_ = 0;
  const auto plan = plan_size(sizing_, views_,
                              static_cast<uint32_t>(waiting_.size()), asked_,
                              now);
  if (plan.open > 0) {
    asked_ += plan.open;
    asked_at_ = now;
    compat::send(self_, controller_,
                 growth_wish{setup_.transport, plan.open, plan.reason});
    if (plan.reason == "demand")
      tell(event_kind::pool_grown, {}, "asking for more connections",
           plan.open);
  }
  for (const auto index : plan.expired) {
    tell(event_kind::connection_expired, members_[index].name, "max lifetime");
    retire_member(index, close_reason::normal, "max lifetime");
  }
  for (const auto index : plan.idle) {
    tell(event_kind::connection_idle_closed, members_[index].name, "idle");
    retire_member(index, close_reason::normal, "idle");
  }
}

void pool_state::retire_member(size_t index, close_reason why,
                               const char* detail) {
  views_[index].draining = true;
  compat::send(self_, members_[index].actor, retire{why, detail, false});
  tell_gone(members_[index]);
}

void pool_state::tell_gone(const member& who) {
  compat::send(self_, controller_,
               member_change{who.actor, who.name, who.session,
                             setup_.transport, false});
}

void pool_state::on_drain() {
  draining_ = true;
  for (auto& late : waiting_)
    late.what.what->fail(outcome::draining, "the node is shutting down");
  waiting_.clear();
  for (size_t i = 0; i < members_.size(); ++i) {
    if (!views_[i].draining)
      retire_member(i, close_reason::shutdown, "node shutdown");
  }
}

// -- helpers ------------------------------------------------------------------

size_t pool_state::index_of(const connection_actor& who) const {
  for (size_t i = 0; i < members_.size(); ++i)
    if (members_[i].actor == who)
      return i;
  return no_member;
}

uint32_t pool_state::live_count() const {
  uint32_t count = 0;
  for (const auto& view : views_)
    count += !view.draining;
  return count;
}

void pool_state::tell(event_kind kind, const std::string& connection,
                      std::string detail, uint64_t number) {
  compat::send(self_, context_->monitor,
               event{kind, setup_.tunnel, setup_.endpoint,
                     std::string(to_string(setup_.transport)), connection,
                     std::move(detail), number});
}

uint64_t pool_state::random() {
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return random_state_;
}

pool_snapshot pool_state::snapshot() const {
  pool_snapshot out;
  out.tunnel = setup_.tunnel;
  out.endpoint = setup_.endpoint;
  out.transport = setup_.transport;
  out.waiting = static_cast<uint32_t>(waiting_.size());
  out.leases = active_;
  out.min_size = sizing_.min_size;
  out.max_size = sizing_.max_size;
  out.leased_total = leased_total_;
  const auto now = compat::now(self_);
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto& member = members_[i];
    const auto& view = views_[i];
    using seconds = std::chrono::duration<double>;
    out.members.push_back({member.name, member.peer, to_hex(member.session),
                           view.leases, view.draining,
                           seconds(view.rtt).count() * 1000,
                           seconds(now - view.opened).count()});
  }
  return out;
}

} // namespace aps
