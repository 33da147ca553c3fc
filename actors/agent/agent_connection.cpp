#include "actors/agent/agent_connection.hpp"

#include "actors/base/link_adapter.hpp"
#include "config/networks.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/peer_address.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr auto welcome_timeout = std::chrono::seconds(10);

constexpr auto somebody_between
  = "the node does not see this connection's TLS: somebody in between ends it, "
    "whose certificate was not checked (-insecure)";

// What a frame that waits takes in memory, roughly.
size_t early_weight(const frame& incoming) noexcept {
  return std::max(incoming.weight(), sizeof(frame));
}
// The node measures and we listen: its pings, once a second unless told
// otherwise, are signs of life enough.
constexpr liveness_settings node_liveness{
  .ping_interval = std::chrono::milliseconds(1250), .measures = false};

} // namespace

agent_connection_state::agent_connection_state(
  agent_connection_actor::pointer self, agent_context_ptr context,
  agent_actor agent, link_ptr link)
    : self_(self), context_(std::move(context)), agent_(std::move(agent)),
      link_(std::move(link)), opened_(compat::now(self)),
      liveness_(node_liveness, opened_), alarm_(context_->alarms) {
  owner_ = std::make_shared<owner_adapter<agent_connection_actor>>(
    agent_connection_actor{self}, context_->units);
}

agent_connection_state::~agent_connection_state() {
  for (auto& [id, entry] : pending_)
    if (entry.to)
      entry.to->detach(link_);
  link_->abort(link_error::none);
  if (counted_)
    --*context_->connections;
}

agent_connection_actor::behavior_type agent_connection_state::make_behavior() {
  wake();
  return {
    // Handlers are looked through in this order: those of each request first.
    [this](link_frames& batch) { on_frames(batch); },
    [this](const exchange_finished& done) { on_finished(done); },
    [this](const link_closed& closed) { on_closed(closed); },
    [this](route_frames& message) { on_route(message); },
    [this](const retire& message) { on_retire(message); },
    [this](publish_names& message) {
      if (phase_ == phase::live)
        link_->send({0, std::move(message.frame)});
    },
  };
}

// -- frames -------------------------------------------------------------------

void agent_connection_state::on_frames(link_frames& batch) {
  const auto now = compat::now(self_);
  liveness_.on_heard(now);
  for (auto& frame : batch.frames) {
    if (phase_ == phase::closing)
      return;
    if (frame.exchange == 0)
      on_connection_frame(frame);
    else if (phase_ == phase::live)
      on_exchange_frame(frame, now);
  }
}

void agent_connection_state::on_exchange_frame(frame& frame, time_point now) {
  worked_ = true;
  liveness_.on_work(now);
  const auto id = frame.exchange;
  if (auto* head = std::get_if<request_frame>(&frame.body)) {
    pending_.try_emplace(id);
    wake();
    return compat::send(self_, agent_,
                        request_arrived{self_, link_, owner_, id, *head});
  }
  if (auto* position = std::get_if<resume_frame>(&frame.body)) {
    pending_.try_emplace(id);
    wake();
    return compat::send(self_, agent_,
                        resume_arrived{self_, link_, owner_, id, *position});
  }
  const auto i = pending_.find(id);
  // Unknown ids are late frames of exchanges that ended or moved away.
  if (i == pending_.end())
    return;
  if (i->second.to)
    i->second.to->deliver(link_, std::move(frame));
  else
    keep_early(i->second, frame);
}

// An honest node sends no more than the first window before it is answered.
void agent_connection_state::keep_early(pending& entry, frame& frame) {
  early_bytes_ += early_weight(frame);
  if (early_bytes_ > max_early_bytes)
    return violation("too many frames before their exchanges started");
  entry.waiting.push_back(std::move(frame));
}

void agent_connection_state::violation(const char* text) {
  phase_ = phase::closing;
  link_->close(close_reason::protocol, text);
}

void agent_connection_state::on_connection_frame(frame& frame) {
  if (auto* no = std::get_if<refused_frame>(&frame.body)) {
    refused_ = *no;
    refused_->message = foreign_text(no->message);
    return;
  }
  switch (phase_) {
    case phase::greeting:
      if (auto* challenge = std::get_if<challenge_frame>(&frame.body))
        return on_challenge(*challenge);
      break;
    case phase::proving:
      if (auto* welcome = std::get_if<welcome_frame>(&frame.body))
        return on_welcome(*welcome);
      break;
    case phase::live: return on_live_frame(frame);
    case phase::closing:
      return;
  }
  violation("unexpected frame in the handshake");
}

void agent_connection_state::on_challenge(const challenge_frame& challenge) {
  const auto tls = link_->tls();
  const bool bound = tls && challenge.bound && !tls->binding.empty();
  // A node that sees no TLS, although there is one, is behind somebody who
  // ends it: only who was checked may do that.
  if (context_->tls && !bound && !context_->tls->verifies()) {
    refused_ = refused_frame{refusal::not_secure, somebody_between, 10000};
    phase_ = phase::closing;
    return link_->close(close_reason::refused, refused_->message);
  }
  phase_ = phase::proving;
  node_ = challenge.node;
  hello_.features = http2_origin_feature | server_name_feature
                    | proxy_header_feature | stream_feature
                    | unix_target_feature | datagram_feature
                    | (bound ? bound_proof_feature : 0);
  hello_.tunnel = context_->tunnel;
  hello_.endpoint = context_->endpoint;
  hello_.session = context_->session;
  hello_.nonce = random_bytes(32);
  hello_.software = "aps";
  hello_.instance = context_->instance;
  hello_.started_ms = context_->started_ms;
  const auto key = context_->key->get();
  hello_.proof = agent_proof(*key, challenge.nonce, hello_, link_->transport(),
                             bound ? tls->binding : std::string{});
  // From here on the node may have taken it in.
  counted_ = true;
  ++*context_->connections;
  link_->send({0, hello_});
}

void agent_connection_state::on_welcome(const welcome_frame& welcome) {
  const auto key = context_->key->get();
  if (!equal_secrets(welcome.proof, node_proof(*key, hello_))) {
    refused_ = refused_frame{refusal::bad_proof,
                             "the node does not know the password", 10000};
    phase_ = phase::closing;
    return link_->close(close_reason::refused, refused_->message);
  }
  phase_ = phase::live;
  look_at_secrecy();
  name_ = foreign_text(welcome.connection, max_foreign_name);
  liveness_ = liveness{node_liveness, compat::now(self_)};
  wake();
  compat::send(self_, agent_,
               agent_connection_up{
                 self_, link_->transport(), name_, welcome.resume_time_ms,
                 node_, welcome.agents, welcome.took_over,
                 (welcome.features & publishing_feature) != 0});
}

// Once per start, whichever node it is.
void agent_connection_state::look_at_secrecy() {
  const auto node = address_of(link_->peer());
  if (context_->tls || node.empty() || config::is_private_ip(node)
      || context_->told_of_plain->exchange(true))
    return;
  context_->log.warn(
    "{} is dialled without TLS at a public address: whoever is "
    "in between can read and change what passes (-tls)",
    context_->server_name());
}

void agent_connection_state::on_live_frame(frame& frame) {
  if (auto* ping = std::get_if<ping_frame>(&frame.body))
    link_->send({0, pong_frame{ping->token}});
  else if (auto* pong = std::get_if<pong_frame>(&frame.body))
    liveness_.on_pong(pong->token, compat::now(self_));
  else if (auto* open = std::get_if<open_connections_frame>(&frame.body))
    compat::send(self_, agent_,
                 open_wanted{open->transport, open->count, open->reason,
                             open->total});
  else if (std::holds_alternative<drain_frame>(frame.body))
    node_drains_ = true;
  else if (auto* answer = std::get_if<published_frame>(&frame.body))
    compat::send(self_, agent_, names_published{std::move(*answer)});
}

void agent_connection_state::on_closed(const link_closed& closed) {
  agent_connection_down down;
  down.actor = self_;
  down.transport = link_->transport();
  down.error = closed.why;
  down.refused = refused_;
  down.wanted_by_node = node_drains_ && closed.why == link_error::none;
  down.worked = worked_;
  down.detail = closed.detail;
  for (auto& [id, entry] : pending_) {
    if (entry.to)
      entry.to->detach(link_);
    down.exchanges.push_back(id);
  }
  pending_.clear();
  compat::send(self_, agent_, std::move(down));
  self_->quit();
}

// -- exchanges ----------------------------------------------------------------

void agent_connection_state::on_route(route_frames& message) {
  const auto i = pending_.find(message.exchange);
  if (i == pending_.end())
    return;
  auto& entry = i->second;
  for (const auto& frame : entry.waiting)
    early_bytes_ -= early_weight(frame);
  if (!message.to) {
    pending_.erase(i);
    return;
  }
  entry.to = std::move(message.to);
  auto waiting = std::move(entry.waiting);
  for (auto& frame : waiting)
    entry.to->deliver(link_, std::move(frame));
}

void agent_connection_state::on_finished(const exchange_finished& done) {
  if (const auto i = pending_.find(done.exchange); i != pending_.end()) {
    for (const auto& frame : i->second.waiting)
      early_bytes_ -= early_weight(frame);
    pending_.erase(i);
  }
  // What is left keeps it at work.
  if (pending_.empty())
    liveness_.on_work(compat::now(self_));
  compat::send(self_, agent_, served_finished{done.exchange});
}

void agent_connection_state::on_retire(const retire& message) {
  // A node that took it in already would take a mere end for a loss.
  const auto leaves
    = phase_ == phase::proving && message.why == close_reason::shutdown;
  if (phase_ == phase::live || leaves)
    link_->send({0, drain_frame{message.detail, message.replace}});
  else
    link_->close(message.why, message.detail);
}

// -- health -------------------------------------------------------------------

void agent_connection_state::wake() {
  if (phase_ == phase::closing)
    return;
  alarm_.at(self_,
            phase_ == phase::live ? liveness_.due(!pending_.empty())
                                  : opened_ + welcome_timeout,
            [this] {
              look_after();
              wake();
            });
}

void agent_connection_state::look_after() {
  const auto now = compat::now(self_);
  if (phase_ == phase::closing)
    return;
  if (phase_ != phase::live) {
    if (now - opened_ >= welcome_timeout) {
      phase_ = phase::closing;
      link_->abort(link_error::timed_out);
    }
    return;
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

} // namespace aps
