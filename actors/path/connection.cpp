#include "actors/path/connection.hpp"

#include "actors/base/link_adapter.hpp"
#include "actors/base/transports.hpp"
#include "actors/policy/member.hpp"
#include "actors/watch/limit_log.hpp"
#include "config/networks.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>
#include <utility>

namespace aps {

namespace {

// How often an agent may say what it publishes: at once, and in a second.
constexpr double publish_burst = 20;
constexpr double publish_rate = 1;

// Round trip times that differ by less are the same for a pool.
constexpr double report_step = 0.1;

// The TLS of a trusted proxy is its own, and not the agent's.
std::string binding_of(const link& link, const node_context& node) {
  const auto tls = link.tls();
  if (!tls)
    return {};
  const auto config = node.config();
  const auto server = config->servers.find(link.server());
  if (server != config->servers.end()
      && config::network_set{server->second.trusted_proxies}.contains(
        address_of(link.peer())))
    return {};
  return tls->binding;
}

std::string make_connection_name(transport_kind transport) {
  return std::string(row_of(transport).prefix) + to_hex(random_bytes(3));
}

} // namespace

connection_state::connection_state(connection_actor::pointer self,
                                   node_context_ptr context, link_ptr link,
                                   std::string connection_name,
                                   std::string nonce)
    : self_(self), context_(std::move(context)), link_(std::move(link)),
      name_(std::move(connection_name)), nonce_(std::move(nonce)),
      binding_(binding_of(*link_, *context_)), opened_(compat::now(self)),
      liveness_({}, opened_), alarm_(context_->alarms) {
  owner_ = std::make_shared<owner_adapter<connection_actor>>(
    connection_actor{self}, context_->units, carrier_);
  carrier_->connection = name_;
  carrier_->transport = to_string(link_->transport());
}

connection_state::~connection_state() {
  for (auto& [id, exchange] : pending_)
    exchange->detach(link_);
  link_->abort(link_error::none);
}

connection_actor::behavior_type connection_state::make_behavior() {
  link_->send({0, challenge_frame{protocol_version, nonce_, context_->node_id,
                                  !binding_.empty()}});
  wake();
  return {
    // Handlers are looked through in this order: those of each request first.
    [this](link_frames& batch) { on_frames(batch); },
    [this](carry& leased) { on_carry(leased); },
    [this](const exchange_finished& done) { on_finished(done); },
    [this](const link_closed& closed) { on_closed(closed); },
    [this](admitted& welcome) { on_admitted(welcome); },
    [this](const rejected& no) { on_rejected(no); },
    [this](const retire& message) { on_retire(message); },
    [this](const release& moved) { on_release(moved); },
    [this](check_health) {
      report_wanted_ = true;
      ping_now();
    },
    [this](const ask_open& ask) {
      link_->send({0, open_connections_frame{ask.transport, ask.count,
                                             ask.reason, ask.total}});
    },
    [this](probe& message) { on_probe(message); },
    [this](const operate& message) { on_operate(message); },
    [this](names_published& message) { on_published(message); },
    [this](get_snapshot) { return snapshot(); },
  };
}

// -- frames -------------------------------------------------------------------

void connection_state::on_frames(link_frames& batch) {
  if (!rehearsal_ || !hold_back(batch))
    handle_frames(batch);
}

void connection_state::handle_frames(link_frames& batch) {
  liveness_.on_heard(compat::now(self_));
  for (auto& frame : batch.frames) {
    if (phase_ == phase::closing)
      return;
    if (frame.exchange == 0) {
      on_connection_frame(frame);
      continue;
    }
    // Unknown ids are late frames of exchanges that ended or moved away.
    if (auto i = pending_.find(frame.exchange); i != pending_.end())
      i->second->deliver(link_, std::move(frame));
  }
}

void connection_state::on_connection_frame(frame& frame) {
  if (phase_ == phase::greeting) {
    if (auto* hello = std::get_if<hello_frame>(&frame.body))
      return on_hello(*hello);
    return refuse(refusal::malformed, close_reason::protocol, 0);
  }
  if (phase_ == phase::admission) {
    if (std::holds_alternative<drain_frame>(frame.body))
      return end(link_error::none, "its agent stops");
    return refuse(refusal::malformed, close_reason::protocol, 0);
  }
  if (auto* ping = std::get_if<ping_frame>(&frame.body))
    link_->send({0, pong_frame{ping->token}});
  else if (auto* pong = std::get_if<pong_frame>(&frame.body))
    on_pong(*pong);
  else if (std::holds_alternative<drain_frame>(frame.body))
    compat::send(self_, pool_, leaving{self_});
  else if (auto* wanted = std::get_if<publish_frame>(&frame.body))
    on_publish(*wanted);
}

// An agent says it when it connects, and again now and then as long as it does
// not get all of it.
void connection_state::on_publish(publish_frame& wanted) {
  if (!publish_frames_.take(1, compat::now(self_), publish_burst,
                            publish_rate)) {
    phase_ = phase::closing;
    return link_->close(close_reason::protocol, "it publishes too often");
  }
  const auto tunnels = context_->tunnels->get();
  if (const auto found = tunnels->find(hello_.tunnel); found != tunnels->end())
    compat::send(self_, found->second,
                 publish_names{self_, hello_.session, std::move(wanted)});
}

void connection_state::on_published(names_published& message) {
  if (phase_ == phase::live || phase_ == phase::draining)
    link_->send({0, std::move(message.frame)});
}

void connection_state::on_pong(const pong_frame& pong) {
  liveness_.on_pong(pong.token, compat::now(self_));
  if (liveness_.waiting())
    return;
  carrier_->rtt_ns
    = std::chrono::duration_cast<std::chrono::nanoseconds>(liveness_.rtt())
        .count();
  report_health();
  report_probes(true);
}

void connection_state::on_closed(const link_closed& closed) {
  if (closed.why == link_error::too_large)
    note_limit(limit::frame_field, closed.detail);
  end(closed.why, closed.detail, closed.unsent);
}

void connection_state::note_limit(limit kind, std::string_view detail) {
  if (context_->limits)
    context_->limits->on_limit(kind, link_->peer(), detail);
}

// -- exchanges ----------------------------------------------------------------

void connection_state::on_carry(carry& leased) {
  const auto& exchange = leased.exchange;
  if (!understands(hello_.features, *exchange->head())) {
    exchange->fail(
      outcome::not_implemented,
      "the agent of " + hello_.endpoint + " (" + hello_.software
        + ") is too old to ask targets "
        + std::string{lacking(hello_.features, *exchange->head())});
    return compat::send(
      self_, pool_, returned{self_, exchange->id(), outcome::not_implemented});
  }
  pending_[exchange->id()] = exchange;
  exchange->attach(link_, hello_.session, owner_, leased.round);
  // The last sign of life of a connection at rest is old; one that has work
  // already does not rest.
  if (pending_.size() > 1)
    return wake();
  if (const auto now = compat::now(self_); liveness_.resting(now)) {
    liveness_.on_work(now);
    ping_now();
  }
  wake();
}

void connection_state::on_finished(const exchange_finished& done) {
  if (pending_.erase(done.exchange) == 0)
    return;
  // What is left keeps it at work.
  if (pending_.empty())
    liveness_.on_work(compat::now(self_));
  compat::send(self_, pool_, returned{self_, done.exchange, done.result});
  close_if_drained();
}

void connection_state::on_retire(const retire& message) {
  if (phase_ != phase::live)
    return;
  phase_ = phase::draining;
  retire_reason_ = message.why;
  retire_detail_ = message.detail;
  link_->send({0, drain_frame{message.detail, message.replace}});
  close_if_drained();
}

void connection_state::on_release(const release& moved) {
  if (pending_.erase(moved.exchange) > 0)
    close_if_drained();
}

void connection_state::close_if_drained() {
  if (phase_ != phase::draining || !pending_.empty())
    return;
  phase_ = phase::closing;
  link_->close(retire_reason_, retire_detail_);
}

// -- health -------------------------------------------------------------------

void connection_state::on_probe(probe& message) {
  probes_.push_back(std::move(message));
  ping_now();
}

// The answer to a ping that is under way serves as well, and another one would
// push its deadline back.
void connection_state::ping_now() {
  if (liveness_.waiting())
    return;
  liveness_.force_ping(compat::now(self_));
  link_->send({0, ping_frame{liveness_.token()}});
  wake();
}

void connection_state::report_probes(bool good) {
  for (const auto& one : probes_)
    compat::send(self_, one.report_to, probe_result{one.number, good});
  probes_.clear();
}

// A pool hears of what changes its choices, and of what it asked for.
void connection_state::report_health() {
  const auto rtt = weighed_latency(liveness_.rtt());
  if (!std::exchange(report_wanted_, false)
      && std::abs(rtt - reported_) <= report_step * reported_)
    return;
  reported_ = rtt;
  compat::send(self_, pool_, health_report{self_, liveness_.rtt(),
                                           liveness_.sample(), false});
}

// Asks to be woken when the next deadline is due.
void connection_state::wake() {
  if (phase_ == phase::closing)
    return;
  const auto greets = phase_ == phase::greeting || phase_ == phase::admission;
  alarm_.at(self_, greets ? greeting_ends() : liveness_.due(!pending_.empty()),
            [this] {
              look_after();
              wake();
            });
}

void connection_state::look_after() {
  const auto now = compat::now(self_);
  if (phase_ == phase::greeting || phase_ == phase::admission)
    return look_at_greeting(now);
  if (phase_ == phase::closing)
    return;
  if (liveness_.turned_late(now)) {
    report_wanted_ = true;
    compat::send(self_, pool_, health_report{self_, {}, {}, true});
  }
  switch (liveness_.check(!pending_.empty(), now)) {
    case liveness::action::none:
      break;
    case liveness::action::ping:
      link_->send({0, ping_frame{liveness_.token()}});
      break;
    case liveness::action::dead:
      phase_ = phase::closing;
      link_->abort(link_error::stalled);
      break;
  }
}

void connection_state::end(link_error why, const std::string& detail,
                           const std::vector<exchange_id>& unsent) {
  report_probes(false);
  const std::set<exchange_id> kept(unsent.begin(), unsent.end());
  for (auto& [id, exchange] : pending_)
    exchange->detach(link_, why, kept.contains(id));
  pending_.clear();
  compat::send(self_, pool_, connection_lost{self_, why, detail});
  // The pool outlives many connections and would remember each of them.
  if (pool_)
    compat::demonitor(self_, pool_);
  self_->quit();
}

// -- operators ----------------------------------------------------------------

void connection_state::on_operate(const operate& message) {
  const auto note = [this](std::string_view kind, std::string detail) {
    compat::send(self_, context_->monitor,
                 event{event_kind::fault_injected, hello_.tunnel,
                       hello_.endpoint, carrier_->transport, name_,
                       std::move(detail), 0, std::string(kind),
                       carrier_->session});
  };
  const auto ms
    = std::chrono::duration_cast<std::chrono::milliseconds>(message.time)
        .count();
  switch (message.verb) {
    case operate::action::drain:
      return compat::send(self_, pool_,
                          leaving{self_, "drained by an operator", false});
    case operate::action::close:
      return link_->close(close_reason::normal, "closed by an operator");
    case operate::action::cut:
      note("cut", "cut");
      return link_->abort(link_error::lost);
    case operate::action::stall:
      note("stall", "deaf for " + std::to_string(ms) + " ms");
      faults().stall(compat::now(self_) + message.time);
      return;
    case operate::action::delay:
      note("delay", "late by " + std::to_string(ms) + " ms");
      faults().delay(message.time);
      return;
  }
}

rehearsal& connection_state::faults() {
  if (!rehearsal_)
    rehearsal_ = std::make_unique<rehearsal>();
  return *rehearsal_;
}

// True when a fault keeps what arrived for later.
bool connection_state::hold_back(link_frames& batch) {
  // What is due comes first, though its timer may be late.
  look_at_held();
  const auto now = compat::now(self_);
  const auto due = rehearsal_->hold(batch, now);
  if (due)
    compat::run_delayed(
      self_, std::chrono::ceil<std::chrono::milliseconds>(*due - now),
      [this] { look_at_held(); });
  return due.has_value();
}

void connection_state::look_at_held() {
  assert(rehearsal_);
  const auto now = compat::now(self_);
  while (auto batch = rehearsal_->take_due(now))
    handle_frames(*batch);
}

connection_snapshot connection_state::snapshot() const {
  connection_snapshot out;
  out.name = name_;
  out.peer = link_->peer();
  out.session = carrier_->session;
  out.in_flight = static_cast<uint32_t>(pending_.size());
  out.draining = phase_ == phase::draining || phase_ == phase::closing;
  out.age_s = std::chrono::duration<double>(compat::now(self_) - opened_).count();
  out.health.latency_ms
    = std::chrono::duration<double, std::milli>(liveness_.rtt()).count();
  out.health.load = out.in_flight;
  const auto& counters = link_->counters();
  out.bytes_in = counters.bytes_in;
  out.bytes_out = counters.bytes_out;
  out.queued = counters.queued;
  return out;
}

// -- spawning -----------------------------------------------------------------

connection_actor spawn_connection(caf::actor_system& system,
                                  const node_context_ptr& context,
                                  link_ptr link) {
  // Whatever may throw comes before the actor: a constructor must not.
  auto connection_name = make_connection_name(link->transport());
  auto nonce = random_bytes(32);
  auto actor = system.spawn<connection_impl>(
    context, link, std::move(connection_name), std::move(nonce));
  link->start(std::make_shared<link_adapter<connection_actor>>(
    actor, *context->units, link->unit()));
  return actor;
}

} // namespace aps
