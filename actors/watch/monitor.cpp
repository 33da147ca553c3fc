#include "actors/watch/monitor.hpp"

#include "actors/watch/event_text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/wall_clock.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t max_told_sessions = 4096;

// How long a pool may take to say why a connection ended.
constexpr auto farewell_time = std::chrono::seconds(2);

constexpr auto log_tick = std::chrono::seconds(1);

// What a subscriber may ask for; more would only grow its mailbox.
constexpr uint32_t max_credit = 4096;

// The last door before logs, subscribers and the API: whatever a peer, visitor
// or target wrote into an event is clean and short from here on.
void clean(event& what) {
  for (auto* name : {&what.tunnel, &what.endpoint, &what.transport,
                     &what.connection, &what.session, &what.request_id,
                     &what.reason, &what.peer})
    *name = foreign_text(*name, max_foreign_name);
  what.detail = foreign_text(what.detail);
}

// Which lines are the same. A stranger's own words do not count, or each would
// be a new line.
std::string repeat_key(const event& what) {
  auto key = to_string(what.kind);
  key += what.peer.empty() ? " for " + place_of(what)
                           : " from " + what.peer;
  return what.reason.empty() ? key : key + ": " + what.reason;
}

} // namespace

monitor_state::monitor_state(monitor_actor::pointer self, log_set logs,
                             std::string node_id, request_watch watch,
                             std::shared_ptr<event_metrics> metrics,
                             limit_log_ptr limits)
    : self_(self), logs_(std::move(logs)), node_id_(std::move(node_id)),
      watch_(std::move(watch)), metrics_(std::move(metrics)),
      limits_(std::move(limits)), counts_(event_kinds) {}

monitor_actor::behavior_type monitor_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) { on_down(down); });
  return {
    [this](const event& what) { on_event(what); },
    [this](enrol& what) { on_enrol(what); },
    [this](const subscribe& what) { on_subscribe(what); },
    [this](const acknowledge& what) { on_acknowledge(what); },
    [this](unsubscribe) {
      if (const auto* who = sender())
        drop(who->who.address());
    },
    [this](get_actors) { return actor_list{actors_}; },
    [this](get_counts) { return counts(); },
  };
}

// -- events -------------------------------------------------------------------

void monitor_state::on_event(event what) {
  clean(what);
  what.serial = ++serial_;
  what.time_ms = wall_clock_ms();
  ++counts_[static_cast<size_t>(what.kind)];
  if (metrics_)
    metrics_->on_event(what);
  write_log(what);
  recent_.keep(what);
  for (auto& one : subscribers_)
    if (one.filter.matches(what))
      give(one, what);
  add_derived(what);
}

void monitor_state::add_derived(const event& what) {
  const auto derive = [&](event_kind kind) {
    auto out = what;
    out.kind = kind;
    out.detail.clear();
    out.number = 0;
    return out;
  };
  if (what.session.empty())
    return;
  if (what.kind == event_kind::connection_opened) {
    auto& here = sessions_[what.session];
    here.tunnel = what.tunnel;
    here.endpoint = what.endpoint;
    here.connections.insert(what.connection);
    if (here.connections.size() == 1) {
      auto up = derive(event_kind::session_up);
      up.transport.clear();
      up.connection.clear();
      count_agent(up);
      on_event(std::move(up));
    }
    if (here.lost > 0) {
      --here.lost;
      on_event(derive(event_kind::connection_restarted));
    }
  } else if (what.kind == event_kind::connection_lost) {
    if (const auto i = sessions_.find(what.session); i != sessions_.end()) {
      ++i->second.lost;
      leave_session(what.session, what.connection);
    }
  } else if (what.kind == event_kind::connection_drained) {
    leave_session(what.session, what.connection);
  }
}

void monitor_state::count_agent(const event& up) {
  const auto count = ++agents_[{up.tunnel, up.endpoint}];
  if (count > 1)
    logs_.write(log_component::tunnel, spdlog::level::info,
                several_agents(up.tunnel, up.endpoint, count), up.tunnel,
                up.endpoint);
}

void monitor_state::leave_session(const std::string& id,
                                  const std::string& connection) {
  const auto i = sessions_.find(id);
  if (i == sessions_.end() || i->second.connections.erase(connection) == 0
      || !i->second.connections.empty())
    return;
  if (const auto agents = agents_.find({i->second.tunnel, i->second.endpoint});
      agents != agents_.end() && --agents->second == 0)
    agents_.erase(agents);
  event down{event_kind::session_down, i->second.tunnel, i->second.endpoint};
  down.session = id;
  // One that lost its connections is expected back, but not for ever.
  if (i->second.lost == 0 || sessions_.size() > max_told_sessions)
    sessions_.erase(i);
  on_event(std::move(down));
}

// -- the log ------------------------------------------------------------------

void monitor_state::write_log(const event& what) {
  if (level_of(what.kind) >= spdlog::level::warn) {
    if (!log_tick_armed_)
      arm_log_tick();
    if (!repeats_.admit(repeat_key(what), compat::now(self_)))
      return;
  }
  logs_.write(what);
}

void monitor_state::arm_log_tick() {
  log_tick_armed_ = true;
  compat::run_delayed(self_, log_tick, [this] {
    log_tick_armed_ = false;
    for (const auto& one : repeats_.expire(compat::now(self_)))
      logs_.of(log_component::node)
        .warn("{} repeated {}", one.key, times(one.left_out));
    if (limits_)
      for (auto& left_out : limits_->expire(clock_type::now()))
        on_event(std::move(left_out));
    if (!log_tick_armed_
        && (repeats_.pending() || (limits_ && limits_->pending())))
      arm_log_tick();
  });
}

// -- subscribers --------------------------------------------------------------

void monitor_state::on_subscribe(const subscribe& what) {
  const auto who = caf::actor_cast<caf::actor>(self_->current_sender());
  if (!who)
    return;
  if (sender())
    drop(who.address());
  compat::monitor(self_, who);
  const auto window = std::clamp(what.credit, 1u, max_credit);
  subscribers_.push_back({who, what.filter, window, window, 0});
  update_watch();
  compat::send_anonymously(who, monitor_snapshot{serial_, node_id_, actors_});
  if (!what.after)
    return;
  auto& fresh = subscribers_.back();
  if (const auto gone = recent_.forgotten(*what.after); gone > 0)
    compat::send_anonymously(who, missed{gone});
  recent_.after(*what.after, [&](const event& one) {
    if (fresh.filter.matches(one))
      give(fresh, one);
  });
}

void monitor_state::give(subscriber& to, const event& what) {
  if (to.credit == 0) {
    ++to.missed;
    return;
  }
  --to.credit;
  compat::send_anonymously(to.who, what);
}

void monitor_state::on_acknowledge(const acknowledge& what) {
  auto* who = sender();
  if (!who)
    return;
  who->credit += std::min(what.count, who->window - who->credit);
  if (who->missed > 0 && who->credit > 0)
    compat::send_anonymously(who->who, missed{std::exchange(who->missed, 0)});
}

monitor_state::subscriber* monitor_state::sender() {
  const auto& who = self_->current_sender();
  for (auto& one : subscribers_)
    if (one.who == who)
      return &one;
  return nullptr;
}

void monitor_state::drop(const caf::actor_addr& who) {
  const auto gone = std::erase_if(subscribers_, [&](const subscriber& one) {
    return one.who.address() == who;
  });
  if (gone == 0)
    return;
  self_->demonitor(who);
  update_watch();
}

void monitor_state::update_watch() {
  if (watch_)
    *watch_ = std::any_of(subscribers_.begin(), subscribers_.end(),
                          [](const subscriber& one) {
                            return (one.filter.kinds & per_request_kinds) != 0;
                          });
}

// -- actors -------------------------------------------------------------------

void monitor_state::on_enrol(enrol& what) {
  compat::monitor(self_, what.who.handle);
  actors_.push_back(std::move(what.who));
}

void monitor_state::on_down(const caf::down_msg& down) {
  drop(down.source);
  const auto i = std::find_if(
    actors_.begin(), actors_.end(),
    [&](const live_actor& one) { return one.handle.address() == down.source; });
  if (i == actors_.end())
    return;
  const auto gone = std::move(*i);
  actors_.erase(i);
  // Its pool tells why in a moment, unless that died with it.
  if (gone.kind != actor_kind::connection)
    return;
  farewells_.push_back({compat::now(self_) + farewell_time, gone.session,
                        gone.name});
  if (farewells_.size() == 1)
    await_farewell();
}

// One timer for all of them, however many are lost at once.
void monitor_state::await_farewell() {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
    farewells_.front().until - compat::now(self_));
  compat::run_delayed(self_, std::max(wait, std::chrono::milliseconds(1)),
                      [this] {
                        const auto now = compat::now(self_);
                        while (!farewells_.empty()
                               && farewells_.front().until <= now) {
                          const auto gone = std::move(farewells_.front());
                          farewells_.pop_front();
                          leave_session(gone.session, gone.connection);
                        }
                        if (!farewells_.empty())
                          await_farewell();
                      });
}

monitor_counts monitor_state::counts() const {
  return {serial_, counts_, static_cast<uint32_t>(subscribers_.size())};
}

} // namespace aps
