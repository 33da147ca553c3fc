#include "actors/path/pool.hpp"

#include "actors/path/share_refusal.hpp"
#include "actors/watch/event_text.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Of a pool's places, that streams may have.
constexpr size_t stream_percent = 75;

bool is_stream(const job& job) {
  return job.exchange->head()->kind() == exchange_kind::stream;
}

hold both(hold one, hold other) {
  return std::make_shared<std::pair<hold, hold>>(std::move(one),
                                                 std::move(other));
}

} // namespace

void pool_state::on_lease(lease& wanted) {
  if (wanted.job.check)
    return grant_check(wanted.job);
  const auto moving = wanted.job.session.has_value();
  if (!moving && over_share(wanted.job))
    return refuse_share(*context_, *wanted.job.exchange, endpoint_name_);
  if (!moving && over_stream_share(wanted.job))
    return refuse_stream(wanted.job);
  // What moves never waits behind what is new, nor here at all: its session
  // may have a connection of the other transport.
  if ((moving || waiting_.empty()) && grant(wanted.job))
    return;
  if (moving)
    return fail_lease(std::move(wanted.job), link_error::unavailable,
                      "no connection of this session");
  if (live_count() == 0)
    return fail_lease(std::move(wanted.job), link_error::unavailable,
                      "no live connection");
  if (waiting_.size() >= settings_.max_waiting) {
    tell(event_kind::pool_exhausted, {}, "the waiting queue is full",
         waiting_.size());
    return wanted.job.exchange->fail(outcome::pool_exhausted,
                                     "the waiting queue of " + endpoint_name_
                                       + " is full");
  }
  const auto& address = wanted.job.exchange->facts().visitor_address;
  if (share_.refuses(*queued_, address, settings_.max_waiting))
    return refuse_share(*context_, *wanted.job.exchange, endpoint_name_);
  const auto deadline
    = compat::now(self_) + to_duration(settings_.acquire_timeout);
  auto queued = queued_->take(address);
  waiting_.push_back({std::move(wanted.job), deadline, std::move(queued)});
  note_waiting();
  apply_plan();
}

// Nobody takes the places of everybody else. What moves has its
// place already.
bool pool_state::over_share(const job& job) const {
  return share_.refuses(*granted_, job.exchange->facts().visitor_address,
                        places());
}

size_t pool_state::places() const noexcept {
  return size_t{settings_.max_pool_size}
         * settings_.max_requests_per_connection;
}

// Streams stay for hours, and cost their visitor nothing meanwhile: requests
// have places of their own.
bool pool_state::over_stream_share(const job& job) const {
  return is_stream(job)
         && is_over_share(streams_->total(), places(), stream_percent);
}

void pool_state::refuse_stream(const job& job) {
  job.exchange->fail(outcome::pool_exhausted,
                     "streams have their share of " + endpoint_name_);
}

bool pool_state::grant(job& job) {
  const auto index = choose(job);
  if (index == no_member)
    return false;
  grant_to(index, job);
  return true;
}

// A place that nobody else wants now, or none; its connection is no busier for
// the pool's plans.
void pool_state::grant_check(job& job) {
  look_at_drains();
  const auto index = waiting_.empty()
                       ? choose_in_session(views_, sizing_.max_leases,
                                           session_key(*job.session), false)
                       : no_member;
  if (index == no_member)
    return job.exchange->fail(outcome::pool_exhausted,
                              "no place is free in " + endpoint_name_);
  hand_over(index, job);
}

// What moves stays with its session and must not wait behind what is new: the
// cap may be passed.
size_t pool_state::choose(const job& job) {
  look_at_drains();
  if (job.session)
    return choose_in_session(views_, sizing_.max_leases,
                             session_key(*job.session), true);
  const request_view request{job.exchange->facts().via->rule.balance,
                             job.visitor};
  if (job.targets && !job.targets->empty())
    return choose_healthy(job, request);
  return choose_member(views_, sizing_.max_leases, request, turn_++, random());
}

// Agents whose target rests are asked for want of others only. When the others
// have no room, it waits for them.
size_t pool_state::choose_healthy(const job& job, request_view request) {
  const auto now = compat::now(self_);
  const auto mapping = job.exchange->facts().via->identity;
  auto views = views_;
  bool others = false;
  for (size_t i = 0; i < views.size(); ++i) {
    const auto rests = job.targets->rests({mapping, members_[i].session}, now);
    others = others || (!rests && views[i].usable() && !views[i].drained);
    views[i].drained = views[i].drained || rests;
  }
  return choose_member(others ? views : views_, sizing_.max_leases, request,
                       turn_++, random());
}

void pool_state::look_at_drains() {
  const auto version = context_->drains->version();
  if (version == drains_seen_)
    return;
  drains_seen_ = version;
  for (size_t i = 0; i < views_.size(); ++i)
    views_[i].drained = context_->drains->contains(
      drain_register::session(members_[i].session));
}

void pool_state::grant_to(size_t index, job& job) {
  auto& member = members_[index];
  auto& view = views_[index];
  ++leased_total_;
  view.last_used = compat::now(self_);
  alarm_.at(self_, view.last_used + busy_interval, [this] { look_after(); });
  member.worked = true;
  job.session = member.session;
  job.share = granted_->take(job.exchange->facts().visitor_address);
  if (is_stream(job))
    job.share = both(std::move(job.share), streams_->take({}));
  const auto& leased = hand_over(index, job);
  if (*context_->request_watch)
    tell_lease(event_kind::connection_leased, member, leased);
  log_lease(member, "acquired from");
}

// The events of leases are made only while somebody watches.
void pool_state::log_lease(const member& which, const char* verb) const {
  const auto from = log_of(setup_.transport);
  const auto& logs = *context_->logs;
  if (logs.of(from).should_log(spdlog::level::debug))
    logs.write(from, spdlog::level::debug,
               fmt::format("Connection {} {} pool {} (active: {})", which.name,
                           verb, endpoint_name_, active_),
               setup_.tunnel, setup_.endpoint);
}

const job& pool_state::hand_over(size_t index, job& job) {
  assert(index < members_.size());
  auto& member = members_[index];
  take_place(views_[index]);
  compat::send(self_, member.actor, carry{job.exchange, job.round});
  const auto id = job.exchange->id();
  return member.leases.insert_or_assign(id, std::move(job)).first->second;
}

void pool_state::take_place(member_view& view) {
  ++active_;
  if (view.leases++ == 0)
    ++setup_.figures->busy;
}

void pool_state::free_place(member_view& view) {
  assert(active_ > 0 && view.leases > 0);
  --active_;
  if (--view.leases == 0)
    --setup_.figures->busy;
}

void pool_state::on_returned(const returned& done) {
  const auto index = index_of(done.from);
  if (index == no_member)
    return;
  auto& member = members_[index];
  const auto lease = member.leases.find(done.exchange);
  if (lease == member.leases.end())
    return;
  const auto now = compat::now(self_);
  const auto check = lease->second.check;
  if (!check && *context_->request_watch)
    tell_lease(event_kind::connection_returned, member, lease->second);
  note_target(lease->second, done.result, now);
  member.leases.erase(lease);
  auto& view = views_[index];
  free_place(view);
  if (check)
    return serve_waiting();
  view.last_used = now;
  if (is_connection_failure(done.result)) {
    member.failures.add(now);
    weigh(index, now);
    eject_sick(now);
  }
  log_lease(member, "returned to");
  // Only the breaker's primary cares for successes.
  if (row_of(setup_.transport).watched)
    compat::send(self_, controller_,
                 exchange_done{setup_.transport, done.result});
  if (!waiting_.empty())
    serve_waiting();
}

void pool_state::note_target(const job& job, outcome outcome, time_point now) {
  if (!job.targets || !job.session)
    return;
  const auto& via = *job.exchange->facts().via;
  const auto verdict
    = job.targets->note({via.identity, *job.session}, outcome, now);
  if (verdict.change == target_health::change::none)
    return;
  const auto rests = verdict.change == target_health::change::rests;
  const auto target = "the target " + via.rule.to.str() + " of mapping "
                      + std::to_string(via.index);
  tell(rests ? event_kind::target_rests : event_kind::target_recovered, {},
       rests ? target + " refused " + std::to_string(verdict.refusals)
                 + " times in a row; others are asked for "
                 + show_duration(verdict.pause)
             : target + " answers again",
       verdict.refusals);
}

void pool_state::serve_waiting() {
  while (!waiting_.empty()) {
    auto& next = waiting_.front().job;
    // A visitor that left meanwhile needs no connection any more.
    const bool fresh = !next.is_over() && !next.session;
    if (fresh && over_share(next))
      refuse_share(*context_, *next.exchange, endpoint_name_);
    else if (fresh && over_stream_share(next))
      refuse_stream(next);
    else if (!next.is_over() && !grant(next))
      return;
    waiting_.pop_front();
    note_waiting();
  }
}

void pool_state::fail_lease(job job, link_error error, std::string detail) {
  compat::send(
    self_, controller_,
    lease_failed{std::move(job), setup_.transport, error, std::move(detail)});
}

void pool_state::refuse_waiting(link_error error, const std::string& detail) {
  while (!waiting_.empty()) {
    fail_lease(std::move(waiting_.front().job), error, detail);
    waiting_.pop_front();
  }
  note_waiting();
}

} // namespace aps
