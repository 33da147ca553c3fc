#include "actors/path/fallback_controller.hpp"

#include "actors/base/gather.hpp"
#include "actors/path/share_refusal.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

namespace {

// What waits for an agent is looked at so often.
constexpr auto parked_interval = std::chrono::milliseconds(100);

// Who said goodbye is remembered for so long, at least.
constexpr auto farewell_memory = std::chrono::seconds(60);

// What another agent may repeat waits so long for its own one while another
// one lives, and an eighth of its wait more: agents that lost their network
// together come back one after the other.
constexpr duration repeat_patience = std::chrono::seconds(1);

breaker_settings breaker_of(const config::fallback& settings) {
  breaker_settings out;
  out.enabled = settings.enabled;
  out.threshold = settings.threshold;
  out.hold_down = to_duration(settings.hold_down);
  out.max_hold_down = to_duration(settings.max_hold_down);
  out.good_probes = settings.good_probes;
  out.probe_timeout = to_duration(settings.probe_timeout);
  return out;
}

} // namespace

controller_state::controller_state(controller_actor::pointer self,
                                   node_context_ptr context,
                                   tunnel_actor tunnel, controller_setup setup)
    : self_(self), context_(std::move(context)), tunnel_(std::move(tunnel)),
      setup_(std::move(setup)),
      breaker_(breaker_of(setup_.settings.fallback), compat::now(self)),
      alarm_(context_->alarms), lanes_(lanes_of(setup_.settings)) {
  const auto config = context_->config();
  share_ = {config->limits.address_share, config->limits.trusted};
}

controller_state::~controller_state() {
  for (const auto& lane : lanes_)
    compat::stop_anonymously(lane.pool);
}

controller_actor::behavior_type controller_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) {
    on_pool_down(down);
  });
  compat::send(self_, context_->monitor,
               enrol{{actor_kind::controller, setup_.tunnel, setup_.endpoint,
                      {}, {}, {}, caf::actor_cast<caf::actor>(self_)}});
  return {
    [this](job& job) { dispatch(std::move(job)); },
    [this](const candidate_for& message) { on_candidate(message); },
    [this](lease_failed& failed) { on_lease_failed(failed); },
    [this](orphaned& orphans) { on_orphaned(orphans); },
    [this](const member_change& change) { on_member(change); },
    [this](const growth_wish& wish) { on_growth(wish); },
    [this](const pool_status& status) { on_status(status); },
    [this](const probe_result& result) { on_probe(result); },
    [this](const exchange_done& done) { on_done(done); },
    [this](const credential_revoked& message) {
      for (auto& lane : lanes_)
        if (lane.pool)
          compat::send(self_, lane.pool, message);
    },
    [this](const reconfigure_tunnel& message) {
      on_reconfigure(message.settings);
    },
    [this](drain) { on_drain(); },
    [this](const set_fallback_mode& message) { on_mode(message); },
    [this](get_snapshot) { return snapshot(); },
  };
}

// -- choosing a transport -----------------------------------------------------

controller_state::lane& controller_state::of(transport_kind transport) {
  assert(index_of(transport) < lanes_.size());
  return lanes_[index_of(transport)];
}

std::array<controller_state::lane, transport_kinds>
controller_state::lanes_of(const config::tunnel& settings) {
  std::array<lane, transport_kinds> out;
  for (const auto& row : transport_table) {
    auto& lane = out[index_of(row.kind)];
    lane.transport = row.kind;
    lane.settings = settings.pools[index_of(row.kind)];
  }
  return out;
}

bool controller_state::hybrid() const {
  std::array<transport_view, transport_kinds> views;
  for (size_t i = 0; i < lanes_.size(); ++i)
    views[i].seen = lanes_[i].seen;
  return is_hybrid(views);
}

// With `healthy`, only agents count whose target does not rest.
bool controller_state::has_live(const lane& lane, const job& job,
                                bool healthy) const {
  return std::any_of(
    lane.members.begin(), lane.members.end(), [&](const auto& member) {
      if (job.session)
        return member.session == *job.session;
      return !healthy
             || !job.targets->rests(
               {job.exchange->facts().via->identity, member.session},
               compat::now(self_));
    });
}

bool controller_state::any_live(const job& job) const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [&](const lane& lane) { return has_live(lane, job); });
}

void controller_state::dispatch(job&& job) {
  if (job.check)
    return dispatch_check(std::move(job));
  if (!place(job))
    park(std::move(job));
}

// It goes to its session or nowhere, and is no attempt of the breaker's.
void controller_state::dispatch_check(job job) {
  if (draining_)
    return job.exchange->fail(outcome::draining, "the node is shutting down");
  auto* lane = choose(job);
  if (!lane)
    return job.exchange->fail(outcome::no_connection, "its agent is gone");
  compat::send(self_, lane->pool, lease{std::move(job)});
}

// False when nothing that lives can carry it.
bool controller_state::place(job& job) {
  if (job.is_over())
    return true;
  if (draining_) {
    job.exchange->fail(outcome::draining, "the node is shutting down");
    return true;
  }
  // With no gRPC connection alive its attempts fail at once, up to the
  // threshold, and cost nothing; in `fallback` nothing is left to count.
  while (hybrid() && setup_.settings.fallback.enabled && breaker_.use_primary()
         && primary().members.empty()) {
    job.failure = "no live gRPC connection";
    count_failure(job.failure);
  }
  auto* lane = choose(job);
  if (lane)
    lease_from(*lane, std::move(job));
  return lane != nullptr;
}

std::array<transport_view, transport_kinds>
controller_state::view_of(const job& job, bool healthy) const {
  std::array<transport_view, transport_kinds> out;
  for (size_t i = 0; i < lanes_.size(); ++i)
    out[i] = {lanes_[i].transport, lanes_[i].seen, has_live(lanes_[i], job),
              healthy && has_live(lanes_[i], job, true)};
  return out;
}

controller_state::lane* controller_state::choose(const job& job) {
  const auto healthy = !job.session && job.targets && !job.targets->empty();
  const auto i = choose_transport(
    view_of(job, healthy),
    {mode_, setup_.settings.fallback.enabled, breaker_.use_primary(), healthy});
  return i == no_transport ? nullptr : &lanes_[i];
}

void controller_state::lease_from(lane& lane, job&& job) {
  if (&lane != &primary() && !job.failure.empty())
    tell(event_kind::fallback_attempt, job.failure);
  job.failure.clear();
  compat::send(self_, lane.pool, lease{std::move(job)});
}

bool controller_state::count_failure(const std::string& reason) {
  const auto before = breaker_.state();
  if (!breaker_.on_failure(compat::now(self_), reason))
    return false;
  tell_state(to_string(before).data());
  wake();
  return true;
}

// -- failures -----------------------------------------------------------------

void controller_state::on_lease_failed(lease_failed& failed) {
  // The pool's members changed while the job was on its way to it; our list
  // is up to date by now, for the pool tells us before it answers.
  dispatch(std::move(failed.job));
}

void controller_state::on_orphaned(orphaned& orphans) {
  const auto reason = render(orphans.error, orphans.detail);
  const auto from_primary = row_of(orphans.transport).watched
                            && !orphans.session_over;
  // One dead connection is one failure, however many requests it carried. A
  // peer that did not understand us is no trouble of the transport.
  if (from_primary && hybrid() && is_transport_failure(orphans.error))
    count_failure(reason);
  tell(event_kind::exchange_moved, reason, orphans.jobs.size());
  for (auto& job : orphans.jobs) {
    if (job.is_over())
      continue;
    if (job.exchange->never_sent())
      job.session.reset();
    if (from_primary)
      job.failure = reason;
    if (job.session && orphans.session_over)
      leave_session(std::move(job));
    else
      dispatch(std::move(job));
  }
}

// An outage shorter than the grace costs no request: what has an
// agent waits for that one, what is new for any that is expected back.
void controller_state::park(job job) {
  const auto now = compat::now(self_);
  const auto grace = to_duration(setup_.settings.reconnect_grace);
  const auto* gone = job.session ? absences_.of(*job.session) : nullptr;
  if (gone && gone->farewell)
    return leave_session(std::move(job));
  const auto since = awaited_since(job);
  if (!since || now - *since >= grace)
    return give_up(std::move(job));
  if (!job.session && parked_.size() >= max_waiting()) {
    tell(event_kind::pool_exhausted, "too many requests wait for an agent",
         parked_.size());
    return job.exchange->fail(outcome::pool_exhausted,
                              "too many requests wait for an agent of "
                                + setup_.tunnel + "." + setup_.endpoint);
  }
  const auto& address = job.exchange->facts().visitor_address;
  // As in the queues of the pools: an outage is no time to take all places.
  if (!job.session && share_.refuses(*parked_of_, address, max_waiting()))
    return refuse_share(*context_, *job.exchange,
                        setup_.tunnel + "." + setup_.endpoint);
  auto share = job.session ? nullptr : parked_of_->take(address);
  keep({.job = std::move(job),
        .since = now,
        .deadline = *since + grace,
        .share = std::move(share)});
}

// What failed elsewhere meanwhile keeps its place among what came later.
void controller_state::keep(parked one) {
  auto at = parked_.end();
  while (at != parked_.begin()
         && std::prev(at)->job.exchange->id() > one.job.exchange->id())
    --at;
  parked_.insert(at, std::move(one));
  wake();
}

// Since when what could carry it is missing; nullopt = it is not expected.
std::optional<time_point>
controller_state::awaited_since(const job& job) const {
  if (job.session) {
    const auto* gone = absences_.of(*job.session);
    return gone ? gone->since : compat::now(self_);
  }
  // Its agents live, but not over the one transport that may be used.
  if (live_count() > 0)
    return primary().seen ? std::optional{primary().lost_at} : std::nullopt;
  return std::max(succeeded_at_, absences_.last_awaited());
}

void controller_state::note_absence(const session_id& session,
                                    bool farewell) {
  const bool over = absences_.note(session, farewell, compat::now(self_));
  wake();
  if (!over)
    return;
  // What waits for that session waits in vain.
  std::vector<job> waiting;
  std::erase_if(parked_, [&](auto& one) {
    if (one.job.session != session)
      return false;
    waiting.push_back(std::move(one.job));
    return true;
  });
  for (auto& job : waiting)
    leave_session(std::move(job));
}

// As many as could wait in the largest of the pools.
size_t controller_state::max_waiting() const {
  size_t out = 0;
  for (const auto& lane : lanes_)
    if (lane.seen)
      out = std::max<size_t>(out, lane.settings.max_waiting);
  return out;
}

void controller_state::retry_parked() {
  auto waiting = std::move(parked_);
  parked_.clear();
  for (auto& one : waiting)
    if (!place(one.job))
      keep(std::move(one));
}

void controller_state::look_at_parked(time_point now) {
  std::vector<job> late;
  std::erase_if(parked_, [&](auto& one) {
    if (one.job.is_over())
      return true;
    auto& exchange = *one.job.exchange;
    const auto others
      = one.job.session && live_count() > 0 && exchange.restartable();
    if (!others)
      one.alternative_since.reset();
    else if (!one.alternative_since)
      one.alternative_since = now;
    const auto patience = repeat_patience + (now - one.since) / 8;
    if (one.deadline > now
        && !(others && now - *one.alternative_since >= patience))
      return false;
    late.push_back(std::move(one.job));
    return true;
  });
  for (auto& job : late)
    give_up(std::move(job));
  absences_.forget(now, absence_memory());
}

duration controller_state::absence_memory() const {
  return std::max<duration>(farewell_memory,
                            to_duration(setup_.settings.reconnect_grace));
}

// The session did not come back: another only if it may execute it again.
void controller_state::give_up(job job) {
  if (job.is_over())
    return;
  auto& exchange = *job.exchange;
  if (job.session && exchange.restartable()) {
    job.session.reset();
    if (any_live(job))
      return dispatch(std::move(job));
  }
  fail(std::move(job));
}

// Nobody of its session comes back; the newer session is about to join.
void controller_state::leave_session(job job) {
  if (job.is_over())
    return;
  if (!job.exchange->restartable())
    return fail(std::move(job));
  job.session.reset();
  dispatch(std::move(job));
}

void controller_state::fail(job job) {
  auto& exchange = *job.exchange;
  auto outcome = outcome::no_connection;
  std::string detail = "endpoint " + setup_.tunnel + "." + setup_.endpoint
                       + " has no live connection";
  if (!setup_.settings.fallback.enabled && any_live(job))
    outcome = outcome::transport_unavailable;
  if (!exchange.never_sent()) {
    outcome = exchange.exhausted() ? outcome::attempts_exhausted
                                   : outcome::started_unknown;
    detail = "the agent of " + setup_.tunnel + "." + setup_.endpoint
             + " vanished after the request was sent";
  }
  // The event comes with the record of the exchange.
  exchange.fail(outcome, detail);
}

// -- the breaker --------------------------------------------------------------

void controller_state::on_probe(const probe_result& result) {
  if (result.number != breaker_.probe_number())
    return; // too late
  const auto before = breaker_.state();
  if (breaker_.on_probe(result.good, compat::now(self_)))
    tell_state(to_string(before).data());
  wake();
}

void controller_state::on_done(const exchange_done& done) {
  if (row_of(done.transport).watched && done.result == outcome::ok)
    breaker_.on_success(compat::now(self_));
}

// Asks to be woken when a probe or the end of somebody's patience is due. One
// without connections has nobody to probe.
void controller_state::wake() {
  const auto probing = breaker_.probe_overdue(never);
  auto due = primary().members.empty() && !probing ? never : breaker_.due();
  if (!parked_.empty())
    due = std::min<time_point>(due, compat::now(self_) + parked_interval);
  if (const auto oldest = absences_.oldest())
    due = std::min<time_point>(due, *oldest + absence_memory());
  alarm_.at(self_, due, [this] {
    look_after();
    wake();
  });
}

void controller_state::look_after() {
  const auto now = compat::now(self_);
  const auto& members = primary().members;
  auto before = breaker_.state();
  if (breaker_.probe_overdue(now) && breaker_.on_probe(false, now))
    tell_state(to_string(std::exchange(before, breaker_.state())).data());
  if (!members.empty() && breaker_.probe_due(now)) {
    if (breaker_.state() != before)
      tell_state(to_string(before).data());
    compat::send(self_, members[next_asked_++ % members.size()].actor,
                 probe{self_, breaker_.probe_number()});
  }
  look_at_parked(now);
}

// -- the rest -----------------------------------------------------------------

// What is open stays open; a pool that was disabled takes no one new in.
void controller_state::on_reconfigure(const config::tunnel& settings) {
  setup_.settings = settings;
  for (auto& lane : lanes_)
    lane.settings = settings.pools[index_of(lane.transport)];
  breaker_.reconfigure(breaker_of(settings.fallback));
  wake();
  for (const auto& lane : lanes_)
    if (lane.pool)
      compat::send(self_, lane.pool, reconfigure{lane.settings});
}

void controller_state::on_drain() {
  draining_ = true;
  for (auto& one : parked_)
    one.job.exchange->fail(outcome::draining, "the node is shutting down");
  parked_.clear();
  for (auto& lane : lanes_)
    compat::send(self_, lane.pool, drain{});
}

void controller_state::on_mode(const set_fallback_mode& message) {
  if (message.mode == mode_)
    return;
  mode_ = message.mode;
  compat::send(
    self_, context_->monitor,
    event{event_kind::fallback_state, setup_.tunnel, setup_.endpoint, "", "",
          "mode " + std::string(word_of(mode_)) + ", by hand",
          breaker_.switches(), std::string(to_string(breaker_.state()))});
}

caf::result<controller_snapshot> controller_state::snapshot() {
  assert(setup_.figures->state == breaker_.state());
  controller_snapshot base;
  base.endpoint = setup_.endpoint;
  base.state = to_string(breaker_.state());
  base.reason = breaker_.reason();
  base.consecutive_failures = breaker_.failures();
  base.switches = breaker_.switches();
  const auto now = compat::now(self_);
  using seconds = std::chrono::duration<double>;
  base.in_state_s = seconds(now - breaker_.changed_at()).count();
  if (!breaker_.use_primary())
    base.next_probe_s
      = std::max(seconds(breaker_.next_probe() - now).count(), 0.0);
  base.moving = static_cast<uint32_t>(parked_.size());
  base.mode = mode_;
  if (const auto* lane = choose({}))
    base.choice = lane->transport;
  std::vector<pool_actor> pools;
  for (const auto& lane : lanes_)
    if (lane.pool)
      pools.push_back(lane.pool);
  auto promise = self_->make_response_promise<controller_snapshot>();
  gather<pool_snapshot>(self_, pools, [base, promise](auto parts) mutable {
    base.pools = std::move(parts);
    promise.deliver(std::move(base));
  });
  return promise;
}

void controller_state::tell(event_kind kind, std::string detail,
                            uint64_t number) {
  compat::send(self_, context_->monitor,
               event{kind, setup_.tunnel, setup_.endpoint, "", "",
                     std::move(detail), number});
}

void controller_state::tell_state(const char* from) {
  setup_.figures->state = breaker_.state();
  const std::string state{to_string(breaker_.state())};
  compat::send(self_, context_->monitor,
               event{event_kind::fallback_state, setup_.tunnel,
                     setup_.endpoint, "", "",
                     std::string(from) + " -> " + state + " ("
                       + breaker_.reason() + ")",
                     breaker_.switches(), state});
}

} // namespace aps
