#include "actors/path/pool.hpp"

#include "actors/path/share_refusal.hpp"
#include "actors/watch/event_text.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace aps {

namespace {

constexpr uint32_t full_pause_ms = 5000;

// An agent that finds room being made for it comes back soon.
constexpr uint32_t room_pause_ms = 1000;

// Of a pool's places, that streams may have.
constexpr size_t stream_percent = 75;

bool is_stream(const job& job) {
  return job.exchange->head()->kind() == exchange_kind::stream;
}

hold both(hold one, hold other) {
  return std::make_shared<std::pair<hold, hold>>(std::move(one),
                                                 std::move(other));
}

uint64_t key_of(const session_id& session) {
  uint64_t out = 0;
  std::memcpy(&out, session.data(), sizeof(out));
  return out;
}

} // namespace

pool_state::pool_state(pool_actor::pointer self, node_context_ptr context,
                       controller_actor controller, pool_setup setup)
    : self_(self), context_(std::move(context)),
      controller_(std::move(controller)), setup_(std::move(setup)),
      endpoint_name_(setup_.tunnel + "." + setup_.endpoint),
      alarm_(context_->alarms), replacements_({}, self_->id() * 2 + 1),
      losses_(1, {}),
      random_state_(mix(self_->id())) {
  const auto config = context_->config();
  share_ = {config->limits.address_share, config->limits.trusted};
  status_.transport = setup_.transport;
  on_reconfigure(setup_.settings);
  setup_.figures->exists = true;
}

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
  compat::send(self_, context_->monitor,
               enrol{{actor_kind::pool, setup_.tunnel, setup_.endpoint,
                      std::string(to_string(setup_.transport)), {}, {},
                      caf::actor_cast<caf::actor>(self_)}});
  return {
    // Handlers are looked through in this order: those of each request first.
    [this](lease& wanted) { on_lease(wanted); },
    [this](const returned& done) { on_returned(done); },
    [this](const candidate& candidate) { on_candidate(candidate); },
    [this](const connection_lost& lost) {
      on_lost(lost.actor, lost.error, lost.detail);
    },
    [this](const health_report& report) { on_health(report); },
    [this](const leaving& message) {
      if (const auto i = index_of(message.actor); i != no_member)
        retire_member(i, close_reason::normal, message.why, message.farewell);
    },
    [this](const session_replaced& message) { on_replaced(message); },
    [this](const credential_revoked& message) { on_revoked(message); },
    [this](const reconfigure& message) {
      on_reconfigure(message.settings);
      serve_waiting();
      apply_plan();
    },
    [this](drain) { on_drain(); },
    [this](get_snapshot) { return snapshot(); },
  };
}

// -- members ------------------------------------------------------------------

void pool_state::on_candidate(const candidate& candidate) {
  const auto key = key_of(candidate.session);
  if (draining_)
    return compat::send(self_, candidate.actor,
                        rejected{refusal::draining, 1000});
  drop_silent(candidate.session);
  if (members_.size() >= sizing_.max_size) {
    ++refused_total_;
    const auto soon = make_room_for(key);
    return compat::send(
      self_, candidate.actor,
      rejected{refusal::pool_full, soon ? room_pause_ms : full_pause_ms});
  }
  const auto now = compat::now(self_);
  // Who was expected back is gone for good when somebody new begins.
  if (members_.empty() && !resets_.contains(key))
    asked_ = 0;
  assert(!places_.contains(candidate.actor->id()));
  compat::monitor(self_, candidate.actor);
  members_.push_back({candidate.actor,
                      candidate.actor.address(),
                      candidate.connection,
                      candidate.peer,
                      candidate.session,
                      {},
                      {},
                      false,
                      0,
                      {},
                      {},
                      false,
                      false,
                      {},
                      {},
                      candidate.counters,
                      candidate.credential});
  places_[candidate.actor->id()] = members_.size() - 1;
  // Spread between -1 and 1, so that members of one age do not end at once.
  const auto jitter = double(random() % 2001) / 1000.0 - 1.0;
  views_.push_back({0, false, false, now, now, {}, 1, key, jitter});
  drains_seen_ = 0; // it may be drained
  note_members();
  weigh(views_.size() - 1, now);
  asked_ -= std::min(asked_, 1u);
  answered_ = true;
  replacements_.on_up();
  ++opened_total_;
  compat::send(self_, candidate.actor,
               admitted{self_, endpoint_name_, candidate.proof, settings_,
                        setup_.resume_time_ms, candidate.agents,
                        candidate.took_over, candidate.share});
  compat::send(self_, controller_,
               member_change{candidate.actor, candidate.connection,
                             candidate.session, setup_.transport, true});
  compat::send(self_, context_->monitor,
               enrol{{actor_kind::connection, setup_.tunnel, setup_.endpoint,
                      std::string(to_string(setup_.transport)),
                      candidate.connection, to_hex(candidate.session),
                      caf::actor_cast<caf::actor>(candidate.actor)}});
  tell_member(event_kind::connection_opened, members_.back(),
              "from " + candidate.peer, {}, members_.size());
  serve_waiting();
  apply_plan();
}

// An agent that dials anew while an answer of its former connection is overdue
// has given that one up. Its exchanges need not wait until we have, too.
void pool_state::drop_silent(const session_id& session) {
  for (size_t i = members_.size(); i-- > 0;) {
    if (members_[i].session != session || !members_[i].late)
      continue;
    const auto actor = members_[i].actor;
    take_out(i, link_error::stalled, "silent while its agent dialled anew",
             false);
    asked_ -= std::min(asked_, 1u); // here it is
    compat::stop_anonymously(actor);
  }
}

bool pool_state::all_silent() const {
  for (size_t i = 0; i < members_.size(); ++i)
    if (!views_[i].draining && !members_[i].late)
      return false;
  return true;
}

// An agent without a single connection takes the place of one of the agent
// that has most of them.
bool pool_state::make_room_for(uint64_t session) {
  std::unordered_map<uint64_t, uint32_t> sizes;
  for (const auto& view : views_) {
    if (view.session == session)
      return false;
    if (view.draining)
      return true; // a place becomes free already
    ++sizes[view.session];
  }
  size_t worst = no_member;
  for (size_t i = 0; i < views_.size(); ++i) {
    const auto& here = views_[i];
    if (sizes[here.session] < 2)
      continue;
    if (worst == no_member
        || sizes[here.session] > sizes[views_[worst].session]
        || (sizes[here.session] == sizes[views_[worst].session]
            && here.leases < views_[worst].leases))
      worst = i;
  }
  if (worst == no_member)
    return false;
  retire_member(worst, close_reason::normal, "makes room for another agent");
  // The place is not to be filled by whom we would ask.
  ++asked_;
  asked_at_ = compat::now(self_);
  return true;
}

void pool_state::on_lost(connection_actor connection, link_error error,
                         const std::string& detail) {
  const auto index = index_of(connection);
  if (index == no_member)
    return; // replaced by a newer session meanwhile
  take_out(index, error, detail, false);
  if (live_count() == 0)
    refuse_waiting(error, "no live connection");
  apply_plan();
}

void pool_state::take_out(size_t index, link_error error,
                          const std::string& detail, bool session_over) {
  assert(index < members_.size() && members_.size() == views_.size());
  const auto now = compat::now(self_);
  const auto was = views_[index];
  auto gone = std::move(members_[index]);
  places_.erase(gone.actor->id());
  remove(index);
  setup_.figures->busy -= was.leases > 0;
  note_members();
  active_ -= std::min(active_, static_cast<uint32_t>(gone.leases.size()));
  orphaned orphans{{}, setup_.transport, error, detail, session_over};
  for (auto& [id, job] : gone.leases)
    if (job.check)
      job.exchange->fail(outcome::cut, "its connection is lost");
    else
      orphans.jobs.push_back(std::move(job));
  if (!was.draining)
    tell_gone(gone);
  if (!orphans.jobs.empty())
    compat::send(self_, controller_, std::move(orphans));
  if (error != link_error::none || !was.draining)
    tell_member(event_kind::connection_lost, gone, render(error, detail),
                session_over ? "replaced" : to_string(error));
  else
    tell_member(event_kind::connection_drained, gone, gone.retired,
                gone.retired);
  // Who was closed in an orderly way is no loss.
  if (was.draining || session_over || error == link_error::none)
    return;
  note_loss(was.session, gone.worked || is_proven(now - was.opened));
  // Its agent dials again by itself: expect that one before asking for more.
  ++asked_;
  asked_at_ = now;
}

// The process behind them is gone, whatever their sockets say.
void pool_state::on_replaced(const session_replaced& message) {
  end_members([&](const member& one) { return one.session == message.session; },
              {refusal::replaced, 30000},
              "replaced by a newer session of its agent");
  resets_.erase(key_of(message.session));
}

// Its agent is told what one with a wrong password is told.
void pool_state::on_revoked(const credential_revoked& message) {
  end_members(
    [&](const member& one) { return one.credential == message.credential; },
    {refusal::bad_proof, bad_proof_pause_ms}, "its credential was revoked");
}

// Nobody waits for their sessions.
template <class Predicate>
void pool_state::end_members(Predicate concerned, const rejected& told,
                             const char* reason) {
  for (size_t i = members_.size(); i-- > 0;) {
    if (!concerned(members_[i]))
      continue;
    compat::send(self_, members_[i].actor, told);
    resets_.erase(key_of(members_[i].session));
    take_out(i, link_error::none, reason, true);
  }
  if (live_count() == 0)
    refuse_waiting(link_error::none, "no live connection");
}

// Of whom was moved out already.
void pool_state::remove(size_t index) {
  assert(!members_[index].actor);
  members_[index] = std::move(members_.back());
  members_.pop_back();
  views_[index] = views_.back();
  views_.pop_back();
  if (index < members_.size())
    places_[members_[index].actor->id()] = index;
}

// -- leases -------------------------------------------------------------------

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
  const auto deadline = compat::now(self_)
                        + to_duration(settings_.acquire_timeout);
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
  const auto index = waiting_.empty() ? choose_in_session(
                       views_, sizing_.max_leases, key_of(*job.session), false)
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
    return choose_in_session(views_, sizing_.max_leases, key_of(*job.session),
                             true);
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

// -- leaving ------------------------------------------------------------------

void pool_state::retire_member(size_t index, close_reason why,
                               const char* detail, bool farewell) {
  if (views_[index].draining)
    return;
  views_[index].draining = true;
  note_members();
  members_[index].draining_since = compat::now(self_);
  members_[index].retired = detail;
  wake();
  compat::send(self_, members_[index].actor, retire{why, detail, false});
  tell_gone(members_[index], farewell);
}

void pool_state::tell_gone(const member& member, bool farewell) {
  compat::send(self_, controller_,
               member_change{member.actor, member.name, member.session,
                             setup_.transport, false, farewell});
}

void pool_state::on_drain() {
  draining_ = true;
  for (auto& late : waiting_)
    late.job.exchange->fail(outcome::draining, "the node is shutting down");
  waiting_.clear();
  note_waiting();
  for (size_t i = 0; i < members_.size(); ++i)
    retire_member(i, close_reason::shutdown, "node shutdown");
}

// -- helpers ------------------------------------------------------------------

size_t pool_state::index_of(const connection_actor& connection) const {
  const auto i = places_.find(connection->id());
  return i == places_.end() ? no_member : i->second;
}

uint32_t pool_state::live_count() const {
  return static_cast<uint32_t>(
    std::count_if(views_.begin(), views_.end(),
                  [](const auto& view) { return !view.draining; }));
}

uint32_t pool_state::usable_count() const {
  return static_cast<uint32_t>(
    std::count_if(views_.begin(), views_.end(),
                  [](const auto& view) { return view.usable(); }));
}

event pool_state::about(event_kind kind) const {
  return {kind, setup_.tunnel, setup_.endpoint,
          std::string(to_string(setup_.transport))};
}

void pool_state::tell(event_kind kind, const std::string& connection,
                      std::string detail, uint64_t number) {
  auto out = about(kind);
  out.connection = connection;
  out.detail = std::move(detail);
  out.number = number;
  compat::send(self_, context_->monitor, std::move(out));
}

void pool_state::tell_member(event_kind kind, const member& member,
                             std::string detail, std::string_view reason,
                             uint64_t number) {
  auto out = about(kind);
  out.connection = member.name;
  out.detail = std::move(detail);
  out.number = number;
  out.reason = reason;
  out.session = to_hex(member.session);
  compat::send(self_, context_->monitor, std::move(out));
}

void pool_state::tell_lease(event_kind kind, const member& member,
                            const job& job) {
  auto out = about(kind);
  out.connection = member.name;
  out.number = active_;
  out.session = to_hex(member.session);
  out.request_id = job.exchange->facts().request_id;
  compat::send(self_, context_->monitor, std::move(out));
}

uint64_t pool_state::random() {
  return mix(random_state_++);
}

} // namespace aps
