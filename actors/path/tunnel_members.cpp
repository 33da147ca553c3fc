// Who dials in at a tunnel, with which credentials, and what they publish.

#include "actors/base/transports.hpp"
#include "actors/path/tunnel.hpp"
#include "actors/watch/limit_log.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/peer_address.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <algorithm>
#include <utility>

namespace aps {

namespace {

// Sessions of an endpoint that are remembered; agents that come back again
// and again have a new one each time.
constexpr size_t max_remembered_sessions = 64;

constexpr uint32_t short_pause_ms = 1000;

// What the agents of one tunnel may hold of the descriptors beside the
// reserve, and when those that are too many may ask again.
constexpr size_t tunnel_percent = 50;
constexpr uint32_t share_pause_ms = 5000;

} // namespace

// -- admission ----------------------------------------------------------------

void tunnel_state::on_admission(const admission& admission) {
  // Nobody guesses the number of a session.
  if (admission.slowed && !sessions_.contains(admission.hello.session))
    return compat::send(self_, admission.from,
                        rejected{refusal::bad_proof, short_pause_ms});
  std::optional<member> known;
  std::string proof;
  try {
    known = find_member(admission);
    if (!known)
      return;
    if (const auto why = check(admission, *known))
      return compat::send(self_, admission.from,
                          rejected{*why, short_pause_ms});
    proof = node_proof(*known->key, admission.hello);
  } catch (const std::exception& error) {
    // OpenSSL fails: this connection's bad luck, not the tunnel's.
    tell(event_kind::handler_failed, {}, error.what());
    return compat::send(self_, admission.from,
                        rejected{refusal::pool_full, short_pause_ms});
  }
  compat::send(self_, context_->monitor,
               event{event_kind::connection_authenticated,
                     name_,
                     admission.hello.endpoint,
                     std::string(to_string(admission.transport)),
                     admission.connection,
                     "from " + admission.peer
                       + (known->name().empty() ? "" : " as " + known->name()),
                     0,
                     {},
                     to_hex(admission.hello.session)});
  auto share = take_share(admission);
  if (!share)
    return compat::send(self_, admission.from,
                        rejected{refusal::pool_full, share_pause_ms});
  auto& found = endpoint_named(admission.hello.endpoint);
  note_session(found, admission.hello, known->name());
  compat::send(self_, found.controller,
               candidate_for{admission.transport,
                             {admission.from, admission.connection,
                              admission.peer, admission.hello.session,
                              std::move(proof), admission.hello.instance,
                              admission.hello.started_ms, admission.counters, 0,
                              false, std::move(share), known->name()}});
}

// Whoever has the key of one of them is that one. All are asked, so that the
// time tells nothing. Nothing = a key is missing that may be its one, and the
// message comes again.
std::optional<tunnel_state::member>
tunnel_state::find_member(const admission& admission) {
  member found;
  std::optional<key_owner> missing;
  const auto ask = [&](const config::credential* by) {
    const key_owner owner{name_, by ? by->name : std::string{}};
    auto key = context_->keys->find(owner);
    if (!key) {
      missing = owner;
      return;
    }
    const auto expected = agent_proof(*key, admission.nonce, admission.hello,
                                      admission.transport, admission.binding);
    if (equal_secrets(expected, admission.hello.proof) && !found.key)
      found = {by, std::move(key)};
  };
  if (!settings_.password.empty())
    ask(nullptr);
  for (const auto& each : settings_.credentials)
    ask(&each);
  if (!found.key && missing) {
    wait_for_key(admission, *missing);
    return std::nullopt;
  }
  return found;
}

// The same message again, once the key is there. A connection that waits too
// long, or that cannot wait, is refused by its own deadline.
void tunnel_state::wait_for_key(const admission& admission,
                                const key_owner& owner) {
  context_->keys->wait(owner, peer_group(address_of(admission.peer)),
                       [self = tunnel_actor{self_}, admission] {
                         compat::enqueue(nullptr, self, admission);
                       });
}

// Before its pool decides; nothing = it is over the share, which was told.
hold tunnel_state::take_share(const admission& admission) {
  const auto cost = row_of(admission.transport).descriptors;
  if (*descriptors_ + cost > descriptor_share(tunnel_percent)) {
    if (context_->limits)
      context_->limits->on_limit(limit::tunnel_descriptors, admission.peer,
                                 name_);
    return nullptr;
  }
  return count_load(descriptors_, cost);
}

// One that is over, or for other endpoints, is like a wrong password.
std::optional<refusal> tunnel_state::check(const admission& admission,
                                           const member& member) {
  const auto& hello = admission.hello;
  if (!member.key)
    return refusal::bad_proof;
  if (const auto* by = member.credential;
      by
      && (by->is_over(context_->wall_clock()) || !by->is_for(hello.endpoint)
          || context_->drains->contains(
            drain_register::credential(name_, by->name))))
    return refusal::bad_proof;
  if (draining_)
    return refusal::draining;
  if (!is_foreign_name(hello.endpoint)
      || (!hello.instance.empty() && !is_foreign_name(hello.instance)))
    return refusal::malformed;
  const auto& servers = settings_.servers;
  if (!servers.empty()
      && std::find(servers.begin(), servers.end(), admission.server)
           == servers.end())
    return refusal::not_here;
  if (const auto why = check_channel(admission))
    return why;
  return check_place(hello);
}

// A proof that has the channel in it came over TLS with nobody in between.
std::optional<refusal>
tunnel_state::check_channel(const admission& admission) const {
  using config::client_certificate;
  const bool whole = !admission.binding.empty();
  if (settings_.require_tls && !whole)
    return refusal::not_secure;
  const auto asked = settings_.client_certificate;
  if (asked == client_certificate::none)
    return std::nullopt;
  if (!whole || admission.tls->subject.empty())
    return refusal::certificate;
  const auto& names = admission.tls->client_names;
  if (asked == client_certificate::endpoint
      && std::find(names.begin(), names.end(), admission.hello.endpoint)
           == names.end())
    return refusal::certificate;
  return std::nullopt;
}

// Only for those who have the password: others learn nothing about names.
std::optional<refusal> tunnel_state::check_place(const hello_frame& hello) {
  const auto i = sessions_.find(hello.session);
  if (i != sessions_.end() && i->second.endpoint != hello.endpoint)
    return refusal::endpoints;
  if (!find(hello.endpoint) && endpoints_.size() >= settings_.max_endpoints)
    return refusal::endpoints;
  return std::nullopt;
}

void tunnel_state::note_session(endpoint& endpoint, const hello_frame& hello,
                                std::string credential) {
  const auto [at, is_new] = sessions_.insert_or_assign(
    hello.session,
    known_session{endpoint.name, std::move(credential), hello.started_ms});
  if (!is_new)
    return;
  endpoint.sessions.push_back(hello.session);
  if (endpoint.sessions.size() <= max_remembered_sessions)
    return;
  sessions_.erase(endpoint.sessions.front());
  endpoint.sessions.pop_front();
}

void tunnel_state::forget_sessions(const endpoint& endpoint) {
  for (const auto& session : endpoint.sessions)
    sessions_.erase(session);
}

// -- credentials --------------------------------------------------------------

// Those that are gone, or not what they were; one that only lives longer keeps
// its sessions.
void tunnel_state::revoke(const std::vector<config::credential>& before) {
  const auto& now = settings_.credentials;
  for (const auto& old : before) {
    const auto i = std::find_if(now.begin(), now.end(), [&](const auto& each) {
      return each.name == old.name;
    });
    if (i == now.end() || i->password != old.password || i->key != old.key
        || i->endpoints != old.endpoints)
      end_sessions(old.name);
  }
  revoke_expired();
}

void tunnel_state::end_sessions(const std::string& credential) {
  tell(event_kind::credential_revoked, {},
       credential.empty() ? "password" : credential);
  for (const auto& one : endpoints_)
    compat::send(self_, one.controller, credential_revoked{credential});
  if (publications_)
    publications_->revoke(credential);
}

// Looks again when the next one is over, or in an hour: clocks are set.
void tunnel_state::revoke_expired() {
  const auto now = context_->wall_clock();
  constexpr int64_t longest = 3600;
  auto next = longest;
  bool any = false;
  for (const auto& each : settings_.credentials) {
    if (each.expires == 0)
      continue;
    if (!each.is_over(now)) {
      any = true;
      next = std::min(next, each.expires - now);
    } else if (over_.insert(each.name).second) {
      end_sessions(each.name);
    }
  }
  std::erase_if(over_, [&](const std::string& credential) {
    return std::none_of(settings_.credentials.begin(),
                        settings_.credentials.end(), [&](const auto& each) {
                          return each.name == credential && each.is_over(now);
                        });
  });
  if (any)
    expiry_alarm_.at(self_, compat::now(self_) + std::chrono::seconds(next),
                     [this] { revoke_expired(); });
}

// -- publications -------------------------------------------------------------

const config::publishing*
tunnel_state::publishing_of(const std::string& credential) const {
  if (credential.empty())
    return settings_.password.empty() ? nullptr : &settings_.publish;
  for (const auto& each : settings_.credentials)
    if (each.name == credential)
      return &each.publish;
  return nullptr;
}

// The sessions of a credential that an operator revoked end a moment later.
void tunnel_state::on_publish(const publish_names& message) {
  const auto known = sessions_.find(message.session);
  if (!publications_ || known == sessions_.end())
    return;
  const auto& session = known->second;
  const auto is_revoked
    = !session.credential.empty()
      && context_->drains->contains(
        drain_register::credential(name_, session.credential));
  auto answer = publications_->declare(
    {message.session,
     {name_, session.credential, session.endpoint},
     session.started_ms,
     message.from},
    message.frame, is_revoked ? nullptr : publishing_of(session.credential),
    {compat::now(self_), context_->wall_clock()});
  compat::send(self_, message.from, names_published{std::move(answer)});
  send_notices();
  expire_publications();
}

void tunnel_state::send_notices() {
  for (auto& notice : publications_->take_notices())
    compat::send(self_, notice.to, names_published{std::move(notice.frame)});
}

void tunnel_state::expire_publications() {
  const auto next = publications_->expire(
    compat::now(self_), to_duration(settings_.reconnect_grace));
  publication_alarm_.at(self_, next, [this] { expire_publications(); });
}

} // namespace aps
