// What a fallback_controller can choose from: agents, their connections, and
// the pools that hold them.
#include "actors/path/fallback_controller.hpp"

#include "actors/path/pool.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace aps {

namespace {

// An agent that has a successor is not to hammer. If it dials again all the
// same, it lives, and is let in.
constexpr uint32_t replaced_pause_ms = 10000;

} // namespace

void controller_state::on_candidate(const candidate_for& message) {
  auto& lane = of(message.transport);
  if (!lane.settings.enabled)
    return compat::send(self_, message.candidate.actor,
                        rejected{refusal::disabled, 60000});
  if (draining_)
    return compat::send(self_, message.candidate.actor,
                        rejected{refusal::draining, 1000});
  auto known = message.candidate;
  if (!welcome(known))
    return compat::send(self_, message.candidate.actor,
                        rejected{refusal::replaced, replaced_pause_ms});
  if (!lane.pool)
    spawn_pool(lane);
  known.agents = agents_with(known.session);
  compat::send(self_, lane.pool, std::move(known));
}

uint32_t controller_state::agents_with(const session_id& session) const {
  std::set<session_id> all{session};
  for (const auto& lane : lanes_)
    for (const auto& member : lane.members)
      all.insert(member.session);
  return static_cast<uint32_t>(all.size());
}

// A restarted agent need not wait until its former life is found dead.
bool controller_state::welcome(candidate& candidate) {
  if (candidate.instance.empty())
    return true;
  const auto verdict = instances_.admit(
    candidate.instance, {candidate.session, candidate.started_ms},
    [this](const session_id& session) { return is_live(session); });
  for (const auto& session : verdict.replaced) {
    if (!is_live(session)) {
      note_absence(session, true);
      continue;
    }
    candidate.took_over = true;
    replace(session);
  }
  if (verdict.twin)
    context_->logs->write(
      log_component::node, spdlog::level::warn,
      "Two agents of " + setup_.tunnel + "." + setup_.endpoint
        + " that both live have the same -instance; both stay, but a restarted "
          "one is no longer told from its former life",
      setup_.tunnel, setup_.endpoint);
  return verdict.welcome;
}

bool controller_state::is_live(const session_id& session) const {
  job any;
  any.session = session;
  return any_live(any);
}

void controller_state::on_member(const member_change& change) {
  auto& lane = of(change.transport);
  if (change.live) {
    succeeded_at_.reset();
    lane.members.push_back(change);
    lane.seen = true;
  } else {
    std::erase_if(lane.members, [&](const auto& member) {
      return member.actor == change.actor;
    });
    if (lane.members.empty())
      lane.lost_at = compat::now(self_);
  }
  if (change.live)
    absences_.end(change.session);
  else if (!is_live(change.session))
    note_absence(change.session, change.farewell);
  tell_tunnel();
  if (change.live)
    retry_parked();
  wake();
}

uint32_t controller_state::count_of(const lane& lane,
                                    const session_id& session) {
  return static_cast<uint32_t>(std::count_if(
    lane.members.begin(), lane.members.end(),
    [&](const member_change& one) { return one.session == session; }));
}

// Any live connection can carry the wish, preferably one of the agent that is
// meant, and of the same transport.
void controller_state::on_growth(const growth_wish& wish) {
  std::vector<const member_change*> choice;
  const auto collect = [&](bool same_session, bool same_transport) {
    for (const auto& lane : lanes_)
      for (const auto& member : lane.members)
        if ((!same_session || member.session == *wish.session)
            && (!same_transport || lane.transport == wish.transport))
          choice.push_back(&member);
  };
  for (const auto same_session : {true, false})
    for (const auto same_transport : {true, false})
      if (choice.empty() && (!same_session || wish.session))
        collect(same_session, same_transport);
  if (choice.empty())
    return;
  const auto& member = *choice[next_asked_++ % choice.size()];
  ask_open out{wish.transport, wish.count, wish.reason};
  // By the time it arrives, some of those may have come.
  if (wish.again)
    out.total = wish.count + count_of(of(wish.transport), member.session);
  compat::send(self_, member.actor, std::move(out));
}

void controller_state::on_status(const pool_status& status) {
  of(status.transport).status = status;
  tell_tunnel();
}

void controller_state::replace(const session_id& session) {
  tell(event_kind::session_replaced, to_hex(session));
  for (auto& lane : lanes_) {
    if (lane.pool)
      compat::send(self_, lane.pool, session_replaced{session});
    std::erase_if(lane.members, [&](const auto& member) {
      return member.session == session;
    });
  }
  // Who replaces it joins in a moment: what may be repeated waits for that.
  succeeded_at_ = compat::now(self_);
  note_absence(session, true);
}

size_t controller_state::live_count() const {
  size_t sum = 0;
  for (const auto& lane : lanes_)
    sum += lane.members.size();
  return sum;
}

// The transport in favour stands for the endpoint.
void controller_state::tell_tunnel() {
  endpoint_status out;
  out.endpoint = setup_.endpoint;
  out.live = static_cast<uint32_t>(live_count());
  out.awaited = succeeded_at_.has_value() || absences_.any_awaited();
  for (const auto& lane : lanes_)
    for (const auto& member : lane.members)
      if (std::find(out.sessions.begin(), out.sessions.end(), member.session)
          == out.sessions.end())
        out.sessions.push_back(member.session);
  if (const auto* lane = choose({})) {
    out.latency = lane->status.latency;
    out.penalty = lane->status.penalty;
    // It may lose its connections again any moment.
    if (!lane->status.degraded.empty())
      out.penalty *= 4;
  }
  compat::send(self_, tunnel_, std::move(out));
}

void controller_state::on_pool_down(const caf::down_msg& down) {
  for (auto& lane : lanes_) {
    if (!lane.pool || lane.pool.address() != down.source)
      continue;
    // Its connections end with it; the agents dial again, and a new pool
    // starts with the first of them.
    lane.pool = nullptr;
    setup_.figures->pools[index_of(lane.transport)].clear();
    const auto members = std::exchange(lane.members, {});
    lane.lost_at = compat::now(self_);
    for (const auto& member : members)
      if (!is_live(member.session))
        note_absence(member.session, false);
    lane.status = {};
    tell(event_kind::actor_restarted,
         "the " + std::string(to_string(lane.transport)) + " pool of "
           + setup_.tunnel + "." + setup_.endpoint + ": "
           + to_string(down.reason));
    tell_tunnel();
    if (pool_deaths_.add(compat::now(self_)))
      self_->quit(caf::make_error(caf::sec::runtime_error,
                                  "its pools died too often"));
  }
}

void controller_state::spawn_pool(lane& lane) {
  const auto resume_time = to_duration(setup_.settings.resume_time)
                           / std::chrono::milliseconds(1);
  // It outlives the endpoint if the pool does.
  auto figures = std::shared_ptr<pool_figures>(
    setup_.figures, &setup_.figures->pools[index_of(lane.transport)]);
  lane.pool = self_->spawn<pool_impl>(
    context_, controller_actor{self_},
    pool_setup{setup_.tunnel, setup_.endpoint, lane.transport, lane.settings,
               static_cast<uint32_t>(resume_time), std::move(figures)});
  compat::monitor(self_, lane.pool);
}

} // namespace aps
