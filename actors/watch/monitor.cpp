#include "actors/watch/monitor.hpp"

#include "actors/watch/event_text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/process/wall_clock.hpp"

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
void clean(event& event) {
  for (auto* name :
       {&event.tunnel, &event.endpoint, &event.transport, &event.connection,
        &event.session, &event.request_id, &event.reason, &event.peer})
    *name = foreign_text(*name, max_foreign_name);
  event.detail = foreign_text(event.detail);
}

// "Connection lost" of "connection-lost".
std::string title_of(event_kind kind) {
  auto out = to_string(kind);
  std::replace(out.begin(), out.end(), '-', ' ');
  out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return out;
}

// What lines that are the same say. A stranger's own words do not count, or
// each would be a new line.
std::string repeat_key(const event& event) {
  auto key = title_of(event.kind);
  key += event.peer.empty() ? " at " + place_of(event) : " from " + event.peer;
  return event.reason.empty() ? key : key + ": " + event.reason;
}

// What the node answered strangers by itself was chosen before (limit_log).
bool is_chosen(const event& event) {
  return event.kind == event_kind::exchange_failed && !event.peer.empty();
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
    [this](const event& event) { on_event(event); },
    [this](enrol& message) { on_enrol(message); },
    [this](const subscribe& message) { on_subscribe(message); },
    [this](const acknowledge& message) { on_acknowledge(message); },
    [this](unsubscribe) {
      if (const auto* subscriber = sender())
        drop(subscriber->actor.address());
    },
    [this](get_actors) { return actor_list{actors_}; },
    [this](get_counts) { return counts(); },
  };
}

// -- events -------------------------------------------------------------------

void monitor_state::on_event(event event) {
  clean(event);
  event.serial = ++serial_;
  event.time_ms = wall_clock_ms();
  ++counts_[static_cast<size_t>(event.kind)];
  if (metrics_)
    metrics_->on_event(event);
  write_log(event);
  recent_.keep(event);
  caf::message shared; // by all of them, however slow they are
  for (auto& one : subscribers_) {
    if (!one.filter.matches(event))
      continue;
    if (!shared)
      shared = caf::make_message(event);
    give(one, shared);
  }
  add_derived(event);
}

void monitor_state::add_derived(const event& event) {
  const auto derive = [&](event_kind kind) {
    auto out = event;
    out.kind = kind;
    out.detail.clear();
    out.number = 0;
    return out;
  };
  if (event.session.empty())
    return;
  if (event.kind == event_kind::connection_opened) {
    auto& here = sessions_[event.session];
    here.tunnel = event.tunnel;
    here.endpoint = event.endpoint;
    here.connections.insert(event.connection);
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
  } else if (event.kind == event_kind::connection_lost) {
    if (const auto i = sessions_.find(event.session); i != sessions_.end()) {
      ++i->second.lost;
      leave_session(event.session, event.connection);
    }
  } else if (event.kind == event_kind::connection_drained) {
    leave_session(event.session, event.connection);
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

void monitor_state::write_log(const event& event) {
  if (level_of(event.kind) >= spdlog::level::warn) {
    if (!log_tick_armed_)
      arm_log_tick();
    if (!is_chosen(event)
        && !repeats_of(component_of(event))
              .admit(repeat_key(event), compat::now(self_)))
      return;
  }
  logs_.write(event);
}

// Visitors decide how often their requests fail.
repeat_limit& monitor_state::repeats_of(log_component component) {
  constexpr uint32_t requests = 1;
  constexpr uint32_t others = 10;
  return repeats_
    .try_emplace(component,
                 component == log_component::request ? requests : others)
    .first->second;
}

void monitor_state::arm_log_tick() {
  log_tick_armed_ = true;
  compat::run_delayed(self_, log_tick, [this] {
    log_tick_armed_ = false;
    bool pending = false;
    for (auto& [component, repeats] : repeats_) {
      for (const auto& one : repeats.expire(compat::now(self_)))
        logs_.of(component).warn("{} repeated {}", one.key,
                                 times(one.left_out));
      pending = pending || repeats.pending();
    }
    if (limits_)
      for (auto& left_out : limits_->expire(clock_type::now()))
        on_event(std::move(left_out));
    if (!log_tick_armed_ && (pending || (limits_ && limits_->pending())))
      arm_log_tick();
  });
}

// -- subscribers --------------------------------------------------------------

void monitor_state::on_subscribe(const subscribe& message) {
  const auto actor = caf::actor_cast<caf::actor>(self_->current_sender());
  if (!actor)
    return;
  if (sender())
    drop(actor.address());
  compat::monitor(self_, actor);
  const auto window = std::clamp(message.credit, 1u, max_credit);
  subscribers_.push_back({actor, message.filter, window, window, 0});
  update_watch();
  compat::send_anonymously(actor, monitor_snapshot{serial_, node_id_, actors_});
  if (!message.after)
    return;
  auto& fresh = subscribers_.back();
  auto gone = recent_.forgotten(*message.after);
  if ((message.filter.kinds & per_request_kinds) != 0)
    gone += recent_.passed(*message.after, serial_);
  if (gone > 0)
    compat::send_anonymously(actor, missed{gone});
  recent_.after(*message.after, [&](const event& one) {
    if (fresh.filter.matches(one))
      give(fresh, caf::make_message(one));
  });
}

void monitor_state::give(subscriber& to, const caf::message& event) {
  if (to.credit == 0) {
    ++to.missed;
    return;
  }
  --to.credit;
  compat::send_anonymously(to.actor, event);
}

void monitor_state::on_acknowledge(const acknowledge& message) {
  auto* subscriber = sender();
  if (!subscriber)
    return;
  subscriber->credit
    += std::min(message.count, subscriber->window - subscriber->credit);
  if (subscriber->missed > 0 && subscriber->credit > 0)
    compat::send_anonymously(subscriber->actor,
                             missed{std::exchange(subscriber->missed, 0)});
}

monitor_state::subscriber* monitor_state::sender() {
  const auto& actor = self_->current_sender();
  for (auto& one : subscribers_)
    if (one.actor == actor)
      return &one;
  return nullptr;
}

void monitor_state::drop(const caf::actor_addr& address) {
  const auto gone = std::erase_if(subscribers_, [&](const subscriber& one) {
    return one.actor.address() == address;
  });
  if (gone == 0)
    return;
  self_->demonitor(address);
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

void monitor_state::on_enrol(enrol& message) {
  compat::monitor(self_, message.actor.handle);
  actors_.push_back(std::move(message.actor));
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
