#include "actors/path/connection.hpp"

#include "transports/seam/auth.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>
#include <cassert>

// The part of a connection's actor from its agent's hello to its place in a
// pool, or to the refusal.

namespace aps {

namespace {

// Until then a connection has to show that it has the password.
constexpr auto hello_timeout = std::chrono::seconds(5);

// When a wrong password is answered, counted from the hello; and while keys
// of tunnels are missing, for which a right one may have to wait.
constexpr duration unproven_pause = std::chrono::milliseconds(100);
constexpr duration missing_pause = std::chrono::seconds(4);
constexpr uint32_t missing_pause_ms = 1000; // until the next dial

} // namespace

void connection_state::on_hello(hello_frame& hello) {
  if (hello.version < 1)
    return refuse(refusal::version, close_reason::refused, 0);
  assert(phase_ == phase::greeting);
  phase_ = phase::admission;
  hello_ = hello;
  keys_missing_ = !context_->keys->complete();
  refused_at_ = std::min<time_point>(
    compat::now(self_) + (keys_missing_ ? missing_pause : unproven_pause),
    opened_ + hello_timeout);
  slowed_ = context_->guesses->too_many(link_->peer(), hello.tunnel,
                                        compat::now(self_));
  if (slowed_)
    note_limit(limit::login_rate, "guesses at passwords of agents");
  const auto tunnels = context_->tunnels->get();
  const auto found = tunnels->find(hello.tunnel);
  wake();
  // An unknown tunnel looks the same as a wrong password, in its time, too.
  if (found == tunnels->end()) {
    static_cast<void>(equal_secrets(
      agent_proof(nonce_, nonce_, hello_, link_->transport()), hello_.proof));
    return refuse_unproven();
  }
  compat::send(self_, found->second,
               admission{self_,
                         name_,
                         link_->server(),
                         link_->peer(),
                         nonce_,
                         link_->transport(),
                         hello_,
                         {link_, &link_->counters()},
                         link_->tls(),
                         (hello.features & bound_proof_feature) != 0
                           ? binding_
                           : std::string{},
                         slowed_});
}

void connection_state::on_admitted(admitted& welcome) {
  if (phase_ != phase::admission)
    return;
  phase_ = phase::live;
  // Read by exchanges, which come with the first lease and not before.
  carrier_->tunnel = hello_.tunnel;
  carrier_->endpoint = hello_.endpoint;
  carrier_->session = to_hex(hello_.session);
  pool_ = welcome.pool;
  share_ = welcome.share;
  // Without its pool a connection has no purpose.
  compat::on_down(self_, [this](const caf::down_msg&) {
    end(link_error::none, "its pool ended");
  });
  compat::monitor(self_, pool_);
  const auto& settings = welcome.settings;
  liveness_ = liveness{{to_duration(settings.ping_interval),
                        to_duration(settings.stall_timeout),
                        to_duration(settings.ping_timeout)},
                       compat::now(self_)};
  link_->send({0, welcome_frame{context_->publications ? publishing_feature : 0,
                                welcome.proof, name_, welcome.resume_time_ms,
                                welcome.agents, welcome.took_over}});
  ping_now();
}

// At the same time after the hello, whichever way the decision took, and if
// none came: neither an answer nor its time must tell which tunnels there are.
// The alarm is set with the hello, for those that ring together are answered
// one after the other.
void connection_state::refuse_unproven() {
  unproven_ = true;
  if (!slowed_)
    context_->guesses->note(link_->peer(), hello_.tunnel, compat::now(self_));
  if (compat::now(self_) >= refused_at_)
    refuse_proof();
}

void connection_state::refuse_proof() {
  refuse(refusal::bad_proof, close_reason::refused,
         keys_missing_ ? missing_pause_ms : bad_proof_pause_ms);
}

// While there is no decision, it is looked for at both times.
time_point connection_state::greeting_ends() const {
  return phase_ == phase::admission && compat::now(self_) < refused_at_
           ? refused_at_
           : opened_ + hello_timeout;
}

void connection_state::look_at_greeting(time_point now) {
  const bool no_proof = phase_ == phase::admission
                        && (unproven_ || keys_missing_) && now >= refused_at_;
  if (!no_proof && now < opened_ + hello_timeout)
    return;
  if (phase_ == phase::greeting)
    return refuse(refusal::malformed, close_reason::refused, 0);
  refuse_proof();
}

void connection_state::on_rejected(const rejected& no) {
  if (phase_ == phase::closing)
    return;
  // Whoever was let in is told at once; others learn nothing from the time.
  if (no.why == refusal::bad_proof && phase_ == phase::admission)
    return refuse_unproven();
  refuse(no.why,
         no.why == refusal::pool_full ? close_reason::exhausted
                                      : close_reason::refused,
         no.retry_after_ms);
}

// What the operator hears and the peer does not: it would tell that there is
// such a tunnel.
std::string_view connection_state::untold_reason(refusal why) const {
  if (why != refusal::bad_proof)
    return {};
  if (!unproven_)
    return "its tunnel's key was not there in time";
  const auto config = context_->config();
  const auto known = config->tunnels.find(hello_.tunnel);
  return known != config->tunnels.end() && !known->second.enabled
           ? "the tunnel is switched off (enabled: false)"
           : "";
}

void connection_state::refuse(refusal why, close_reason reason,
                              uint32_t retry_after_ms) {
  const auto silent = phase_ == phase::greeting && why == refusal::malformed
                      && compat::now(self_) - opened_ >= hello_timeout;
  const auto untold = untold_reason(why);
  const bool was_live = phase_ != phase::greeting && phase_ != phase::admission;
  phase_ = phase::closing;
  const std::string text{silent ? "no hello in time" : render(why)};
  event refused{why == refusal::bad_proof && untold.empty() && !was_live
                  ? event_kind::auth_failed
                  : event_kind::connection_refused,
                foreign_text(hello_.tunnel, max_foreign_name),
                foreign_text(hello_.endpoint, max_foreign_name),
                std::string(to_string(link_->transport())),
                name_,
                (untold.empty() ? text : std::string{untold}) + " (peer "
                  + link_->peer() + ")",
                0,
                std::string(to_string(why))};
  refused.peer = std::string{address_of(link_->peer())};
  if (why == refusal::endpoints)
    note_limit(limit::endpoints, refused.endpoint);
  compat::send(self_, context_->monitor, std::move(refused));
  link_->send({0, refused_frame{why, text, retry_after_ms}});
  link_->close(reason, text);
}

} // namespace aps
