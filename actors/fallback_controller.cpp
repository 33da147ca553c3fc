#include "actors/fallback_controller.hpp"

#include "actors/gather.hpp"
#include "actors/pool.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(100);

breaker_settings breaker_of(const config::fallback& settings) {
  breaker_settings out;
  out.enabled = settings.enabled;
  out.threshold = settings.threshold;
  return out;
}

constexpr std::array transports{transport_kind::grpc,
                                transport_kind::websocket};

transport_kind other_of(transport_kind transport) {
  return transport == transport_kind::grpc ? transport_kind::websocket
                                           : transport_kind::grpc;
}

} // namespace

controller_state::controller_state(controller_actor::pointer self,
                                   node_context_ptr context,
                                   tunnel_actor tunnel, controller_setup setup)
    : self_(self), context_(std::move(context)), tunnel_(std::move(tunnel)),
      setup_(std::move(setup)), breaker_(breaker_of(setup_.settings.fallback)) {
}

controller_state::~controller_state() {
  for (const auto& where : lanes_)
    compat::stop_anonymously(where.pool);
}

controller_actor::behavior_type controller_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) {
    on_pool_down(down);
  });
  for (const auto transport : transports)
    spawn_pool(transport);
  arm_tick();
  return {
    [this](job& what) { dispatch(std::move(what)); },
    [this](const candidate_for& who) { on_candidate(who); },
    [this](lease_failed& failed) { on_lease_failed(failed); },
    [this](orphaned& orphans) { on_orphaned(orphans); },
    [this](const member_change& change) { on_member(change); },
    [this](const growth_wish& wish) { on_growth(wish); },
    [this](const probe_result& result) { on_probe(result); },
    [this](const exchange_done& done) { on_done(done); },
    [this](drain) { on_drain(); },
    [this](get_snapshot) { return snapshot(); },
  };
}

// -- choosing a transport -----------------------------------------------------

controller_state::lane& controller_state::of(transport_kind transport) {
  return lanes_[transport == transport_kind::grpc ? 0 : 1];
}

controller_state::lane& controller_state::other(transport_kind transport) {
  return of(other_of(transport));
}

// An agent that only ever offered one transport has nothing to fall back to.
bool controller_state::hybrid() const {
  return lanes_[0].pool && lanes_[1].pool && lanes_[0].seen && lanes_[1].seen;
}

transport_kind controller_state::favoured() const {
  if (!hybrid())
    return lanes_[0].pool && (lanes_[0].seen || !lanes_[1].pool)
             ? transport_kind::grpc
             : transport_kind::websocket;
  return breaker_.use_primary() ? transport_kind::grpc
                                : transport_kind::websocket;
}

bool controller_state::has_live(const lane& where, const job& what) const {
  if (!what.session)
    return !where.members.empty();
  return std::any_of(where.members.begin(), where.members.end(),
                     [&](const auto& member) {
                       return member.session == *what.session;
                     });
}

void controller_state::dispatch(job what) {
  if (what.what->over())
    return;
  if (draining_)
    return what.what->fail(outcome::draining, "the node is shutting down");
  for (;;) {
    const auto transport = favoured();
    if (has_live(of(transport), what))
      return lease_from(transport, std::move(what));
    if (!hybrid() || !setup_.settings.fallback.enabled)
      return park(std::move(what));
    // With no gRPC connection alive its attempts fail at once, up to the
    // threshold (DESIGN 7, rule 2); in `fallback` nothing is left to count.
    if (transport == transport_kind::grpc && of(transport).members.empty()) {
      what.failure = "no live gRPC connection";
      count_failure(what.failure);
      if (breaker_.use_primary())
        continue;
    }
    const auto second = other_of(transport);
    if (!has_live(of(second), what))
      return park(std::move(what));
    return lease_from(second, std::move(what));
  }
}

void controller_state::lease_from(transport_kind transport, job what) {
  ++what.attempts;
  if (transport == transport_kind::websocket && !what.failure.empty())
    tell(event_kind::fallback_attempt, what.failure);
  what.failure.clear();
  compat::send(self_, of(transport).pool, lease{std::move(what)});
}

bool controller_state::count_failure(const std::string& reason) {
  const auto before = breaker_.state();
  if (!breaker_.on_failure(compat::now(self_), reason))
    return false;
  tell_state(to_string(before).data());
  return true;
}

// -- failures -----------------------------------------------------------------

void controller_state::on_lease_failed(lease_failed& failed) {
  // The pool's members changed while the job was on its way to it; our list
  // is up to date by now, for the pool tells us before it answers.
  dispatch(std::move(failed.what));
}

void controller_state::on_orphaned(orphaned& orphans) {
  const auto reason = std::string(render(orphans.error))
                      + (orphans.detail.empty() ? "" : ": " + orphans.detail);
  const auto from_grpc = orphans.transport == transport_kind::grpc;
  // One dead connection is one failure, however many requests it carried.
  if (from_grpc && hybrid())
    count_failure(reason);
  tell(event_kind::exchange_moved, reason, orphans.jobs.size());
  for (auto& what : orphans.jobs) {
    if (what.what->never_sent())
      what.session.reset();
    if (from_grpc)
      what.failure = reason;
    dispatch(std::move(what));
  }
}

void controller_state::park(job what) {
  const auto grace = to_duration(setup_.settings.reconnect_grace);
  parked_.push_back({std::move(what), compat::now(self_) + grace});
}

void controller_state::retry_parked() {
  auto waiting = std::move(parked_);
  parked_.clear();
  for (auto& one : waiting) {
    const auto deadline = one.deadline;
    const auto before = parked_.size();
    dispatch(std::move(one.what));
    if (parked_.size() > before)
      parked_.back().deadline = deadline;
  }
}

// The session did not come back: DESIGN 8, last rule.
void controller_state::give_up(job what) {
  auto& exchange = *what.what;
  if (exchange.over())
    return;
  if (what.session && exchange.restartable()) {
    what.session.reset();
    if (has_live(lanes_[0], what) || has_live(lanes_[1], what))
      return dispatch(std::move(what));
  }
  auto how = outcome::no_connection;
  std::string detail = "endpoint " + setup_.tunnel + "." + setup_.endpoint
                       + " has no live connection";
  if (!setup_.settings.fallback.enabled
      && (has_live(lanes_[0], what) || has_live(lanes_[1], what)))
    how = outcome::transport_unavailable;
  if (!exchange.never_sent()) {
    how = outcome::started_unknown;
    detail = "the agent of " + setup_.tunnel + "." + setup_.endpoint
             + " vanished after the request was sent";
  }
  tell(event_kind::exchange_failed, detail);
  exchange.fail(how, detail);
}

// -- members ------------------------------------------------------------------

void controller_state::on_candidate(const candidate_for& who) {
  auto& where = of(who.transport);
  if (!where.pool)
    return compat::send(self_, who.who.who, rejected{refusal::disabled, 60000});
  compat::send(self_, where.pool, who.who);
}

void controller_state::on_member(const member_change& change) {
  auto& where = of(change.transport);
  if (change.live) {
    where.members.push_back(change);
    where.seen = true;
  } else {
    std::erase_if(where.members, [&](const auto& member) {
      return member.who == change.who;
    });
  }
  const auto live = lanes_[0].members.size() + lanes_[1].members.size();
  compat::send(self_, tunnel_,
               endpoint_status{setup_.endpoint, static_cast<uint32_t>(live)});
  if (change.live)
    retry_parked();
}

void controller_state::on_growth(const growth_wish& wish) {
  // Any live connection can carry the wish, preferably of the same kind.
  for (const auto* where : {&of(wish.transport), &other(wish.transport)}) {
    if (where->members.empty())
      continue;
    const auto& member = where->members[next_asked_++ % where->members.size()];
    return compat::send(self_, member.who,
                        ask_open{wish.transport, wish.count, wish.reason});
  }
}

void controller_state::on_pool_down(const caf::down_msg& down) {
  for (const auto transport : transports) {
    auto& where = of(transport);
    if (!where.pool || where.pool.address() != down.source)
      continue;
    where.members.clear();
    tell(event_kind::actor_restarted,
         "the " + std::string(to_string(transport)) + " pool of "
           + setup_.tunnel + "." + setup_.endpoint + ": "
           + to_string(down.reason));
    spawn_pool(transport);
    const auto live = lanes_[0].members.size() + lanes_[1].members.size();
    compat::send(self_, tunnel_,
                 endpoint_status{setup_.endpoint,
                                 static_cast<uint32_t>(live)});
  }
}

void controller_state::spawn_pool(transport_kind transport) {
  const auto& settings = transport == transport_kind::grpc
                           ? setup_.settings.grpc_pool
                           : setup_.settings.websocket_pool;
  if (!settings.enabled)
    return;
  const auto resume_time = to_duration(setup_.settings.resume_time)
                           / std::chrono::milliseconds(1);
  auto& where = of(transport);
  where.pool = self_->spawn<pool_impl>(
    context_, controller_actor{self_},
    pool_setup{setup_.tunnel, setup_.endpoint, transport, settings,
               static_cast<uint32_t>(resume_time)});
  compat::monitor(self_, where.pool);
}

// -- the breaker --------------------------------------------------------------

void controller_state::on_probe(const probe_result& result) {
  const auto before = breaker_.state();
  if (breaker_.on_probe(result.good, compat::now(self_)))
    tell_state(to_string(before).data());
}

void controller_state::on_done(const exchange_done& done) {
  if (done.transport == transport_kind::grpc && done.how == outcome::ok)
    breaker_.on_success(compat::now(self_));
}

void controller_state::arm_tick() {
  compat::run_delayed(self_, tick_interval, [this] {
    on_tick();
    arm_tick();
  });
}

void controller_state::on_tick() {
  const auto now = compat::now(self_);
  const auto& primary = of(transport_kind::grpc).members;
  const auto before = breaker_.state();
  if (!primary.empty() && breaker_.probe_due(now)) {
    if (breaker_.state() != before)
      tell_state(to_string(before).data());
    compat::send(self_, primary[next_asked_++ % primary.size()].who,
                 probe{self_});
  }
  std::vector<job> late;
  std::erase_if(parked_, [&](auto& one) {
    if (one.deadline > now)
      return false;
    late.push_back(std::move(one.what));
    return true;
  });
  for (auto& what : late)
    give_up(std::move(what));
}

// -- the rest -----------------------------------------------------------------

void controller_state::on_drain() {
  draining_ = true;
  for (auto& one : parked_)
    one.what.what->fail(outcome::draining, "the node is shutting down");
  parked_.clear();
  for (auto& where : lanes_)
    compat::send(self_, where.pool, drain{});
}

caf::result<controller_snapshot> controller_state::snapshot() {
  controller_snapshot base;
  base.endpoint = setup_.endpoint;
  base.state = to_string(breaker_.state());
  base.reason = breaker_.reason();
  base.consecutive_failures = breaker_.failures();
  base.switches = breaker_.switches();
  base.moving = static_cast<uint32_t>(parked_.size());
  std::vector<pool_actor> pools;
  for (const auto& where : lanes_)
    if (where.pool)
      pools.push_back(where.pool);
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
  tell(event_kind::fallback_state,
       std::string(from) + " -> " + std::string(to_string(breaker_.state()))
         + " (" + breaker_.reason() + ")",
       breaker_.switches());
}

} // namespace aps
