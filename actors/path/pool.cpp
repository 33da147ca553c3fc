#include "actors/path/pool.hpp"

#include "actors/watch/event_text.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

constexpr uint32_t full_pause_ms = 5000;

// An agent that finds room being made for it comes back soon.
constexpr uint32_t room_pause_ms = 1000;

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
  const auto key = session_key(candidate.session);
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
  resets_.erase(session_key(message.session));
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
    resets_.erase(session_key(members_[i].session));
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
