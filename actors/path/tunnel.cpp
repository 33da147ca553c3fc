#include "actors/path/tunnel.hpp"

#include "actors/base/endpoint_choice.hpp"
#include "actors/base/gather.hpp"
#include "actors/base/transports.hpp"
#include "actors/path/fallback_controller.hpp"
#include "actors/path/health_checker.hpp"
#include "actors/watch/limit_log.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/peer_address.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aps {

namespace {

// An endpoint without connections is forgotten after this time, or after the
// grace if that is longer.
constexpr auto forget_after = std::chrono::seconds(60);

// One that never had a connection, for its agent was refused.
constexpr auto forget_unused_after = std::chrono::seconds(30);

bool was_asked(const std::vector<endpoint_place>& all,
               const std::string& tunnel, const std::string& endpoint) {
  return std::any_of(all.begin(), all.end(), [&](const auto& place) {
    return place.first == tunnel && place.second == endpoint;
  });
}

// One request after the other; of two endpoints one would else get all
// visitors and the other one all copies, or all that is asked again.
bool takes_turn(const job& job) {
  return !job.asked && !job.exchange->facts().visitor_address.empty();
}

void add(pool_sums& to, const pool_figures& pool) {
  to.pools += pool.exists;
  to.connections += pool.size;
  to.busy += pool.busy;
}

} // namespace

tunnel_state::tunnel_state(tunnel_actor::pointer self, node_context_ptr context,
                           std::string tunnel_name, config::tunnel settings)
    : self_(self), context_(std::move(context)), name_(std::move(tunnel_name)),
      settings_(std::move(settings)), publication_alarm_(context_->alarms),
      alarm_(context_->alarms), expiry_alarm_(context_->alarms) {
  if (context_->publications)
    publications_.emplace(
      context_->publications,
      [this](event_kind kind, const publisher& by, std::string detail) {
        tell(kind, by.endpoint, std::move(detail));
      });
}

tunnel_state::~tunnel_state() {
  context_->live->forget(name_);
  for (const auto& one : endpoints_)
    compat::stop_anonymously(one.controller);
  compat::stop_anonymously(checker_);
}

tunnel_actor::behavior_type tunnel_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) { on_down(down); });
  tell(event_kind::tunnel_added, {}, {});
  compat::send(self_, context_->monitor,
               enrol{{actor_kind::tunnel, name_, {}, {}, {}, {},
                      caf::actor_cast<caf::actor>(self_)}});
  const auto config = context_->config();
  if (health_checker_state::wanted(name_, config->mappings))
    start_checker();
  revoke_expired();
  return {
    [this](job& job) { on_job(job); },
    [this](const admission& admission) { on_admission(admission); },
    [this](const endpoint_status& status) { on_status(status); },
    [this](const reconfigure_tunnel& message) { on_reconfigure(message); },
    [this](const credential_revoked& message) {
      end_sessions(message.credential);
    },
    [this](drain) { on_drain(); },
    [this](const set_fallback_mode& message) { on_mode(message); },
    [this](const publish_names& message) { on_publish(message); },
    [this](get_snapshot) { return snapshot({}); },
    [this](const look& wish) { return snapshot(*wish.choice); },
  };
}

hold tunnel_state::count_load(
  const std::shared_ptr<std::atomic<uint32_t>>& counter, uint32_t load) {
  *counter += load;
  return {counter.get(), [counter, load](void*) { *counter -= load; }};
}

// -- requests -----------------------------------------------------------------

void tunnel_state::on_job(job& job) {
  if (draining_)
    return job.exchange->fail(outcome::draining, "the node is shutting down");
  // All tunnels of the mapping are asked for an endpoint that lives, then all
  // of them for one that may come back: nobody waits while another can serve.
  const auto count
    = job.tunnels ? static_cast<uint32_t>(job.tunnels->size()) : 1;
  // A target that rests is asked for want of any other, in the second round.
  auto* found = choose_live(job, job.tunnels_asked >= count - 1);
  if (!found && job.tunnels_asked >= count - 1)
    found = expected_back(job);
  if (found) {
    job.load = count_load(found->in_flight);
    job.targets = found->targets;
    return compat::send(self_, found->controller, std::move(job));
  }
  if (++job.tunnels_asked < 2 * count - 1) {
    const auto next = (job.first_tunnel + job.tunnels_asked) % count;
    const auto& tunnel = (*job.tunnels)[next];
    return compat::send(self_, tunnel, std::move(job));
  }
  job.exchange->fail(outcome::no_endpoint, why_nobody(job));
}

std::string tunnel_state::why_nobody(const job& job) const {
  const auto drained = std::any_of(
    endpoints_.begin(), endpoints_.end(), [&](const endpoint& one) {
      return one.drained && one.live > 0 && allowed(job, one);
    });
  return drained ? "every agent of tunnel " + name_ + " is drained"
                 : "no agent of tunnel " + name_ + " is connected";
}

void tunnel_state::look_at_drains() {
  const auto version = context_->drains->version();
  if (version == drains_seen_)
    return;
  drains_seen_ = version;
  for (auto& one : endpoints_)
    one.drained = is_drained(one);
}

bool tunnel_state::is_drained(const endpoint& candidate) const {
  const auto& drains = *context_->drains;
  if (drains.version() == 0)
    return false; // nothing ever was
  const auto& sessions = candidate.live_sessions;
  return drains.contains(drain_register::endpoint(name_, candidate.name))
         || (!sessions.empty()
             && std::all_of(sessions.begin(), sessions.end(),
                            [&](const session_id& session) {
                              return drains.contains(
                                drain_register::session(session));
                            }));
}

tunnel_state::endpoint* tunnel_state::choose_live(const job& job,
                                                  bool resting_too) {
  look_at_drains();
  choices_.clear();
  // Without a target that failed lately the time is of no interest.
  const auto all_well
    = std::all_of(endpoints_.begin(), endpoints_.end(),
                  [](const endpoint& one) { return one.targets->empty(); });
  const auto now = all_well ? time_point{} : compat::now(self_);
  const auto mapping = job.exchange->facts().via->identity;
  for (const auto& one : endpoints_)
    choices_.push_back(
      {one.key, *one.in_flight, one.latency, one.penalty,
       one.live > 0 && !one.drained && allowed(job, one),
       !all_well && one.targets->rests(mapping, one.live_sessions, now)});
  if (!leave_out_resting(choices_) && !resting_too)
    return nullptr;
  const auto balance = job.exchange->facts().via->rule.balance;
  const auto turn = takes_turn(job) ? turn_++ : turn_;
  const auto chosen
    = choose_one(balance, choices_, turn, mix(turn), job.visitor);
  return chosen == no_member ? nullptr : &endpoints_[chosen];
}

// One without a connection, but only while its agent may come back.
tunnel_state::endpoint* tunnel_state::expected_back(const job& job) {
  const auto now = compat::now(self_);
  const auto grace = to_duration(settings_.reconnect_grace);
  for (auto& candidate : endpoints_)
    if (candidate.awaited && !candidate.drained && allowed(job, candidate)
        && now - candidate.lost_at < grace)
      return &candidate;
  return nullptr;
}

bool tunnel_state::allowed(const job& job, const endpoint& candidate) const {
  if (job.asked && was_asked(*job.asked, name_, candidate.name))
    return false;
  const auto& only = job.exchange->facts().via->rule.endpoints;
  return only.empty()
         || std::find(only.begin(), only.end(), candidate.name) != only.end();
}

// -- endpoints ----------------------------------------------------------------

tunnel_state::endpoint&
tunnel_state::endpoint_named(const std::string& endpoint_name) {
  if (auto* found = find(endpoint_name))
    return *found;
  auto figures = std::make_shared<endpoint_figures>();
  auto controller = self_->spawn<controller_impl>(
    context_, tunnel_actor{self_},
    controller_setup{name_, endpoint_name, settings_, figures});
  compat::monitor(self_, controller);
  if (mode_)
    compat::send(self_, controller, set_fallback_mode{mode_});
  endpoints_.push_back({endpoint_name, controller, 0, {}, 1,
                        hash_of(endpoint_name),
                        std::make_shared<std::atomic<uint32_t>>(0),
                        compat::now(self_)});
  endpoints_.back().figures = std::move(figures);
  endpoints_.back().drained = is_drained(endpoints_.back());
  wake();
  return endpoints_.back();
}

tunnel_state::endpoint* tunnel_state::find(const std::string& endpoint_name) {
  for (auto& candidate : endpoints_)
    if (candidate.name == endpoint_name)
      return &candidate;
  return nullptr;
}

void tunnel_state::on_status(const endpoint_status& status) {
  auto* found = find(status.endpoint);
  if (!found)
    return;
  found->served = found->served || status.live > 0;
  if (found->live == 0 && status.live > 0)
    tell(event_kind::endpoint_up, found->name, {});
  if (found->live > 0 && status.live == 0) {
    found->lost_at = compat::now(self_);
    // `live` is not told yet.
    alarm_.at(self_, found->lost_at + patience_with(*found),
              [this] { forget_lost(); });
    tell(event_kind::endpoint_down, found->name, {});
  }
  found->live = status.live;
  context_->live->set(name_, found->name, status.live > 0);
  found->awaited = status.awaited;
  found->latency = status.latency;
  found->penalty = status.penalty;
  // One that may come back is known for as long.
  if (!status.awaited)
    found->targets->keep(status.sessions);
  const auto changed = found->live_sessions != status.sessions;
  found->live_sessions = status.sessions;
  if (publications_) {
    publications_->on_sessions(found->name, status.sessions, status.awaited,
                               compat::now(self_));
    expire_publications();
  }
  found->drained = is_drained(*found);
  if (changed)
    tell_agents(*found);
}

duration tunnel_state::patience_with(const endpoint& candidate) const {
  if (!candidate.served)
    return forget_unused_after;
  return std::max<duration>(forget_after,
                            to_duration(settings_.reconnect_grace));
}

void tunnel_state::forget_lost() {
  const auto now = compat::now(self_);
  std::erase_if(endpoints_, [&](const endpoint& one) {
    if (one.live > 0 || now - one.lost_at < patience_with(one))
      return false;
    forget_sessions(one);
    context_->live->set(name_, one.name, false);
    if (publications_)
      publications_->on_endpoint_gone(one.name);
    tell_agents(one, true);
    compat::stop(self_, one.controller);
    return true;
  });
  wake();
}

void tunnel_state::on_down(const caf::down_msg& down) {
  if (checker_ && checker_.address() == down.source) {
    tell(event_kind::actor_restarted, {},
         "the health checker of " + name_ + ": " + to_string(down.reason));
    if (deaths_.add(compat::now(self_)))
      return self_->quit(caf::make_error(caf::sec::runtime_error,
                                         "its checker died too often"));
    return start_checker();
  }
  std::erase_if(endpoints_, [&](const endpoint& one) {
    if (one.controller.address() != down.source)
      return false;
    forget_sessions(one);
    context_->live->set(name_, one.name, false);
    if (publications_)
      publications_->on_endpoint_gone(one.name);
    tell_agents(one, true);
    tell(event_kind::actor_restarted, one.name,
         "the controller of " + name_ + "." + one.name + ": "
           + to_string(down.reason));
    if (deaths_.add(compat::now(self_)))
      self_->quit(caf::make_error(caf::sec::runtime_error,
                                  "its controllers died too often"));
    return true;
  });
}

void tunnel_state::on_reconfigure(const reconfigure_tunnel& message) {
  const auto before = std::exchange(settings_, message.settings);
  if (before.password != settings_.password && !before.password.empty())
    end_sessions({});
  if (before.credentials != settings_.credentials)
    revoke(before.credentials);
  for (const auto& one : endpoints_)
    compat::send(self_, one.controller, message);
  if (message.mappings)
    check_targets(message.mappings);
  if (publications_) {
    publications_->reconsider([this](const std::string& credential) {
      return publishing_of(credential);
    });
    send_notices();
  }
}

// -- checks -------------------------------------------------------------------

void tunnel_state::check_targets(const config_mappings& mappings) {
  // What agents publish has small numbers, and comes and goes without us.
  constexpr uint64_t first_configured = uint64_t{1} << 63;
  const auto now = context_->in_effect->get();
  for (const auto& one : endpoints_)
    one.targets->keep_if([&](uint64_t mapping) {
      return mapping < first_configured || now->position_of(mapping);
    });
  if (checker_)
    compat::send(self_, checker_, reconfigure_checks{mappings});
  else if (health_checker_state::wanted(name_, *mappings))
    start_checker();
}

void tunnel_state::start_checker() {
  checker_ = self_->spawn<health_checker_impl>(context_, name_);
  compat::monitor(self_, checker_);
  for (const auto& one : endpoints_)
    tell_agents(one);
  if (draining_)
    compat::send(self_, checker_, drain{});
}

void tunnel_state::tell_agents(const endpoint& endpoint, bool gone) {
  if (!checker_)
    return;
  endpoint_agents out{endpoint.name, endpoint.controller, endpoint.targets, {}};
  if (!gone)
    out.sessions = endpoint.live_sessions;
  compat::send(self_, checker_, std::move(out));
}

void tunnel_state::on_drain() {
  draining_ = true;
  compat::send(self_, checker_, drain{});
  for (const auto& one : endpoints_)
    compat::send(self_, one.controller, drain{});
}

void tunnel_state::on_mode(const set_fallback_mode& message) {
  mode_ = message.mode;
  for (const auto& one : endpoints_)
    compat::send(self_, one.controller, message);
}

// -- the rest -----------------------------------------------------------------

// Asks to be woken when the next endpoint is to be forgotten.
void tunnel_state::wake() {
  auto due = never;
  for (const auto& one : endpoints_)
    if (one.live == 0)
      due = std::min<time_point>(due, one.lost_at + patience_with(one));
  alarm_.at(self_, due, [this] { forget_lost(); });
}

caf::result<tunnel_snapshot>
tunnel_state::snapshot(const endpoint_choice& choice) {
  tunnel_snapshot base;
  base.name = name_;
  base.fallback_enabled = settings_.fallback.enabled;
  base.enabled = enabled_pools(settings_.pools);
  base.mode = mode_;
  look_at_drains();
  std::vector<controller_actor> controllers;
  for (const auto* one : choose_shown(choice, base.sums)) {
    base.endpoints.push_back(show(*one));
    controllers.push_back(one->controller);
  }
  if (!choice.controller || controllers.empty())
    return base;
  auto promise = self_->make_response_promise<tunnel_snapshot>();
  gather<controller_snapshot>(
    self_, std::move(controllers), [base, promise](auto parts) mutable {
      // In the order of the endpoints; of who died there is none.
      auto all = std::exchange(base.endpoints, {});
      auto next = all.begin();
      for (auto& part : parts) {
        while (next->name != part.endpoint)
          ++next;
        next->controller = std::move(part);
        base.endpoints.push_back(std::move(*next++));
      }
      promise.deliver(std::move(base));
    });
  return promise;
}

// Adds up all of them; with a limit the worst come first.
std::vector<const tunnel_state::endpoint*>
tunnel_state::choose_shown(const endpoint_choice& choice,
                           tunnel_sums& sums) const {
  std::array<std::vector<const endpoint*>, concerns> found;
  for (const auto& one : endpoints_) {
    const auto rank = static_cast<size_t>(
      concern_of(one.live, one.drained, !unhealthy_of(one).empty(),
                 *one.figures));
    ++sums.endpoints;
    sums.live += one.live > 0;
    sums.in_flight += *one.in_flight;
    ++sums.by_concern[rank];
    for (size_t i = 0; i < transport_kinds; ++i)
      add(sums.pools[i], one.figures->pools[i]);
    if (!choice.admits(name_, one.name))
      continue;
    ++sums.matching[rank];
    found[choice.in_order_of_concern() ? rank : 0].push_back(&one);
  }
  std::vector<const endpoint*> out;
  for (const auto& list : found)
    out.insert(out.end(), list.begin(), list.end());
  out.resize(std::min(out.size(), choice.each));
  return out;
}

endpoint_snapshot tunnel_state::show(const endpoint& one) const {
  endpoint_snapshot out;
  out.name = one.name;
  out.in_flight = *one.in_flight;
  out.live = one.live;
  out.latency = one.latency;
  out.penalty = one.penalty;
  out.drained = one.drained;
  out.unhealthy = unhealthy_of(one);
  return out;
}

// Of agents that are there; what is known of others serves when they come back.
std::vector<target_snapshot>
tunnel_state::unhealthy_of(const endpoint& endpoint) const {
  std::vector<target_snapshot> out;
  if (endpoint.targets->empty())
    return out;
  const auto now = context_->in_effect->get();
  const auto& live = endpoint.live_sessions;
  for (auto& one : endpoint.targets->list(compat::now(self_)))
    if (const auto at = now->position_of(one.key.mapping);
        at
        && std::find(live.begin(), live.end(), one.key.session) != live.end())
      out.push_back({static_cast<uint32_t>(*at),
                     now->config.mappings[*at].to.str(),
                     to_hex(one.key.session), one.down, std::move(one.reason)});
  return out;
}

void tunnel_state::tell(event_kind kind, const std::string& endpoint_name,
                        std::string detail) {
  compat::send(self_, context_->monitor,
               event{kind, name_, endpoint_name, "", "", std::move(detail)});
}

} // namespace aps
