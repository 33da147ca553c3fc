#include "actors/base/access/visitor_access.hpp"

#include "actors/base/access/known_visitor.hpp"
#include "config/host.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/peer_address.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

/// A password and all that is decided already for the case that it is right; or
/// a guess, and what it is told in a while. Constant.
struct login_claim {
  visitor_access::state_ptr by; ///< its quotas lie there
  access_verdict verdict;
  std::string mark;      ///< of name and password
  std::string address;   ///< whose guess it is: `peer_group`
  std::string path = {}; ///< for login services
  bool proxied = false;
  std::optional<access_refusal> refusal = {}; ///< nothing is to be looked at
};

namespace {

std::string retry_seconds(duration wait) {
  const auto whole = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return std::to_string(std::max<int64_t>(1, whole));
}

access_refusal slow_down(limit kind, std::string reason, duration wait) {
  access_refusal out;
  out.answer.cause = outcome::rate_limited;
  out.answer.reason = std::move(reason);
  out.answer.headers = {{"Retry-After", retry_seconds(wait)}};
  out.reached = kind;
  return out;
}

// Who guesses waits for each answer, which costs the guesser a connection, or a
// stream, and us nothing: answered at once, guesses take the node's cores.
constexpr std::chrono::seconds refusal_delay{1};

visitor_pass_ptr delay(access_refusal refusal) {
  auto claim = std::make_shared<login_claim>();
  claim->refusal = std::move(refusal);
  auto out = std::make_shared<visitor_pass>();
  out->claim = std::move(claim);
  out->refused = true;
  return out;
}

// What of a pass is known before its password was looked at.
std::shared_ptr<visitor_pass> make_pass(const access_rules& rules,
                                        access_verdict verdict, bool proxied,
                                        std::string_view path) {
  auto out = std::make_shared<visitor_pass>();
  if (verdict.user)
    out->user = verdict.user->name;
  out->reason = std::move(verdict.reason);
  out->user_field = rules.user_header();
  out->user_variable = rules.user_variable();
  out->logins = std::move(verdict.logins);
  if (!out->logins.empty())
    out->visitor_path = path;
  // Services are asked with the visitor's own Authorization.
  for (const auto& login : out->logins)
    for (const auto& name : login->settings().copy_headers)
      if (!iequals(name, "authorization"))
        out->login_variables.push_back(config::lower_case(name));
  out->drop_authorization
    = verdict.by_field && !proxied && !rules.pass_authorization();
  out->max_body_bytes = verdict.max_body_bytes;
  return out;
}

bool asks_nothing(const access_rules& rules, const access_verdict& verdict) {
  return verdict.result == outcome::ok && verdict.reason.empty()
         && !verdict.user && verdict.quotas.empty()
         && verdict.max_body_bytes == 0 && verdict.logins.empty()
         && rules.has_usual_header();
}

} // namespace

visitor_access::visitor_access()
    : state_(std::make_shared<state>()), key_(random_bytes(mark_key_bytes)) {}

visitor_access::rules_ptr visitor_access::make(const config::node& config) {
  return std::make_shared<const state>(
    state{access_rules{config}, std::make_shared<credential_cache>(),
          number_.fetch_add(1) + 1});
}

void visitor_access::use(rules_ptr rules) {
  assert(rules);
  const std::lock_guard guard{mutex_};
  state_.swap(rules); // the former ones go after the lock
}

bool visitor_access::asks(const rules_ptr& rules) noexcept {
  return rules && !rules->rules.empty();
}

visitor_access::state_ptr visitor_access::now_in_use() const {
  const std::lock_guard guard{mutex_};
  return state_;
}

namespace {

bool is_claimed_by(const access_rules& rules, const access_request& request,
                   const std::vector<std::string>& users,
                   const std::vector<std::string>& groups) {
  const auto* user = rules.claimed(request);
  return user && is_member(*user, users, groups);
}

} // namespace

bool visitor_access::is_among(const rules_ptr& rules,
                              const visitor_request& request,
                              const std::vector<std::string>& users,
                              const std::vector<std::string>& groups) {
  return rules
         && is_claimed_by(rules->rules,
                          {.headers = request.headers,
                           .proxied = request.proxied,
                           .tls = request.tls.get(),
                           .now = wall_clock_ms() / 1000},
                          users, groups);
}

bool visitor_access::is_among(const rules_ptr& rules, const question& asked,
                              const std::vector<std::string>& users,
                              const std::vector<std::string>& groups) {
  tls_facts tls;
  if (!asked.certificate.empty())
    tls.client_names.push_back(asked.certificate);
  return rules
         && is_claimed_by(
           rules->rules,
           {.tls = &tls, .now = wall_clock_ms() / 1000, .proven = asked.user},
           users, groups);
}

bool visitor_access::knows(const std::string& name) const {
  return now_in_use()->rules.find(name) != nullptr;
}

access_answer visitor_access::admit(const visitor_request& request,
                                    const route* via, time_point now,
                                    const rules_ptr& rules) {
  if (!request.known)
    return decide(request, via, now, rules);
  auto& known = *request.known;
  if (known && via && known->holds(rules->number, now)
      && known->is_same(request, *via))
    // Null = they were replaced just now.
    if (const auto by = known->by.lock())
      return admit_known(*known, now);
  // Also for whoever guesses beside it: a pause is for both of them then.
  known = nullptr;
  return decide(request, via, now, rules);
}

access_answer visitor_access::admit_known(const known_visitor& known,
                                          time_point now) {
  hold places;
  if (auto refused = take(known.quotas, known.pass->user, now, places))
    return std::move(*refused);
  if (!places)
    return known.pass;
  auto pass = std::make_shared<visitor_pass>(*known.pass);
  pass->places = std::move(places);
  return visitor_pass_ptr{std::move(pass)};
}

access_answer visitor_access::decide(const visitor_request& request,
                                     const route* via, time_point now,
                                     const state_ptr& by) {
  auto verdict = by->rules.decide({.server = request.server,
                                   .address = request.visitor_address,
                                   .headers = request.headers,
                                   .proxied = request.proxied,
                                   .tls = request.tls.get(),
                                   .body_bytes = request.body_bytes,
                                   .now = wall_clock_ms() / 1000},
                                  via);
  if (verdict.unproven) {
    const auto& login = verdict.login;
    auto mark = keyed_mark(key_, login.text());
    auto address = peer_group(request.visitor_address);
    const auto pause = pause_of(address, login, mark, now);
    if (pause > duration::zero())
      return delay(slow_down(limit::login_rate, "guesses at passwords", pause));
    if (!by->passwords->knows(mark, now))
      return ask_for_proof({.by = by,
                            .verdict = std::move(verdict),
                            .mark = std::move(mark),
                            .address = std::move(address)},
                           request);
    const std::lock_guard guard{mutex_};
    guesses_.remember(address, login.user(), std::move(mark), now);
  }
  if (asks_nothing(by->rules, verdict))
    return visitor_pass_ptr{};
  if (verdict.wrong_token) {
    const auto group = peer_group(request.visitor_address);
    // The right one is found at once whatever others try, for nobody guesses
    // it; those who try are slowed all the same.
    const std::lock_guard guard{mutex_};
    const auto pause = guesses_.pause(group, {}, now);
    if (pause > duration::zero())
      return delay(slow_down(limit::login_rate, "guesses at tokens", pause));
    guesses_.on_wrong(group, {}, now);
  }
  if (!request.known || !via || verdict.result != outcome::ok
      || !verdict.logins.empty())
    return enter(*by, std::move(verdict), {request.path, request.proxied}, now);
  auto known = std::make_shared<const known_visitor>(
    know(by, std::move(verdict), request, *via, now));
  *request.known = known;
  return admit_known(*known, now);
}

// Who is let in by `verdict`.
known_visitor visitor_access::know(const state_ptr& by, access_verdict verdict,
                                   const visitor_request& request,
                                   const route& via, time_point now) {
  known_visitor out{.by_number = by->number,
                    .by = by,
                    .until = now + connection_memory,
                    .expires_at = verdict.user ? verdict.user->expires_at : 0,
                    .server = std::string{request.server},
                    .address = request.visitor_address,
                    .mapping = via.index,
                    .proxied = request.proxied,
                    .tls = request.tls};
  if (request.headers)
    if (const auto* shown
        = credential_field_of(*request.headers, request.proxied).only) {
      out.with_field = true;
      out.field = shown->value;
    }
  out.quotas = std::move(verdict.quotas);
  out.pass = make_pass(by->rules, std::move(verdict), request.proxied, {});
  return out;
}

access_refusal visitor_access::refuse(const access_rules& rules,
                                      const access_verdict& verdict,
                                      bool proxied) const {
  access_refusal out;
  out.answer.cause = verdict.result;
  out.answer.reason = verdict.reason;
  if (verdict.user)
    out.answer.user = verdict.user->name;
  if (verdict.result == outcome::unauthorized
      || verdict.result == outcome::proxy_auth_required)
    out.answer.headers = rules.challenges(proxied);
  else if (verdict.result == outcome::body_too_large)
    out.reached = limit::request_body;
  return out;
}

// The quotas are the last to be asked: nobody uses up what is for those who
// may come in.
access_answer visitor_access::enter(const state& by, access_verdict verdict,
                                    const arrival& how, time_point now) {
  if (verdict.result != outcome::ok)
    return refuse(by.rules, verdict, how.proxied);
  hold places;
  if (auto refused = take(
        verdict.quotas,
        verdict.user ? std::string_view{verdict.user->name} : "", now, places))
    return std::move(*refused);
  auto pass = make_pass(by.rules, std::move(verdict), how.proxied, how.path);
  pass->places = std::move(places);
  return pass;
}

// Into `places` goes what comes back with it.
std::optional<access_refusal>
visitor_access::take(const std::vector<quota_use>& quotas,
                     std::string_view user, time_point now, hold& places) {
  if (quotas.empty())
    return std::nullopt;
  auto taken = ledger_->take(quotas, now);
  if (auto* refused = std::get_if<quota_refusal>(&taken)) {
    auto out = slow_down(refused->kind, refused->rule, refused->wait);
    out.answer.user = user;
    return out;
  }
  places = std::get<hold>(std::move(taken));
  return std::nullopt;
}

// -- passwords ----------------------------------------------------------------

visitor_pass_ptr
visitor_access::ask_for_proof(login_claim claim,
                              const visitor_request& request) const {
  auto pass
    = make_pass(claim.by->rules, claim.verdict, request.proxied, request.path);
  // A limit of a user's would tell that there is one.
  pass->max_body_bytes = 0;
  claim.proxied = request.proxied;
  claim.path = request.path;
  pass->claim = std::make_shared<login_claim>(std::move(claim));
  return pass;
}

void visitor_access::prove(const visitor_pass_ptr& pass,
                           std::function<void(access_answer)> done) {
  const auto& claim = *pass->claim;
  if (claim.refusal)
    return refuse_late(*claim.refusal, std::move(done));
  {
    const std::lock_guard guard{mutex_};
    const auto [i, first] = proving_.try_emplace(claim.mark);
    i->second.emplace_back(pass, std::move(done));
    if (!first)
      return;
  }
  if (desk_.add(claim.address, [this, pass] { look_at(pass); }))
    return;
  std::vector<waiting> all;
  {
    const std::lock_guard guard{mutex_};
    all = std::move(proving_.extract(claim.mark).mapped());
  }
  for (auto& each : all)
    refuse_late(
      slow_down(limit::login_rate, "too many logins at once", refusal_delay),
      std::move(each.second));
}

void visitor_access::refuse_late(access_refusal refusal,
                                 std::function<void(access_answer)> done) {
  const std::function<void()> tell
    = [refusal = std::move(refusal), done = std::move(done)] { done(refusal); };
  if (!desk_.add_late(clock_type::now() + refusal_delay, tell))
    tell();
}

duration visitor_access::pause_of(const std::string& address,
                                  const basic_login& login,
                                  std::string_view mark, time_point now) {
  const std::lock_guard guard{mutex_};
  return guesses_.pause_of_login(address, login.user(), mark, now);
}

// On a thread of the desk.
void visitor_access::look_at(const visitor_pass_ptr& first) {
  const auto& claim = *first->claim;
  const auto& login = claim.verdict.login;
  const auto pause
    = pause_of(claim.address, login, claim.mark, clock_type::now());
  const bool paused = pause > duration::zero();
  bool right = false;
  if (!paused) {
    right = claim.by->rules.proves(login);
    const auto now = clock_type::now();
    if (right)
      claim.by->passwords->add(claim.mark, now);
    const std::lock_guard guard{mutex_};
    if (right)
      guesses_.on_right(claim.address);
    else
      guesses_.on_wrong(claim.address, login.user(), now);
  }
  std::vector<waiting> all;
  {
    const std::lock_guard guard{mutex_};
    all = std::move(proving_.extract(claim.mark).mapped());
  }
  const auto now = clock_type::now();
  for (auto& [pass, done] : all)
    if (paused)
      refuse_late(slow_down(limit::login_rate, "guesses at passwords", pause),
                  std::move(done));
    else
      done(settle(*pass->claim, right, now));
}

access_answer visitor_access::settle(const login_claim& claim, bool right,
                                     time_point now) {
  if (right) {
    {
      const std::lock_guard guard{mutex_};
      guesses_.remember(claim.address, claim.verdict.login.user(), claim.mark,
                        now);
    }
    return enter(*claim.by, claim.verdict, {claim.path, claim.proxied}, now);
  }
  auto wrong = claim.verdict;
  if (wrong.user && (wrong.user->hash || !wrong.user->password.empty()))
    wrong.reason = "wrong password of " + wrong.user->name;
  wrong.result
    = claim.proxied ? outcome::proxy_auth_required : outcome::unauthorized;
  return refuse(claim.by->rules, wrong, claim.proxied);
}

void visitor_access::stop() {
  desk_.stop();
  decltype(proving_) dropped;
  const std::lock_guard guard{mutex_};
  dropped.swap(proving_);
}

// -- login services -----------------------------------------------------------

std::variant<hold, access_refusal>
visitor_access::wait_for_login(const std::string& address, time_point now) {
  static const config::quota of_all{.concurrent_requests = most_logins};
  static const config::quota of_one{.concurrent_requests
                                    = most_logins_of_address};
  const std::string rule = "questions to login services";
  auto taken = ledger_->take(
    {{{}, rule, &of_all}, {peer_group(address), rule, &of_one}}, now);
  if (auto* refused = std::get_if<quota_refusal>(&taken))
    return slow_down(refused->kind, refused->rule, refused->wait);
  return std::get<hold>(std::move(taken));
}

// -- explaining ---------------------------------------------------------------

visitor_access::explanation visitor_access::explain(const question& asked,
                                                    const route* via,
                                                    time_point now,
                                                    const rules_ptr& by) const {
  tls_facts tls;
  if (!asked.certificate.empty())
    tls.client_names.push_back(asked.certificate);
  const auto is_connect = via && via->rule.from.scheme == "connect";
  const auto verdict = by->rules.decide({.server = asked.server,
                                         .address = asked.address,
                                         .proxied = is_connect,
                                         .tls = &tls,
                                         .body_bytes = asked.body_bytes,
                                         .now = wall_clock_ms() / 1000,
                                         .proven = asked.user},
                                        via);
  explanation out{verdict.result, verdict.reason,
                  verdict.user ? verdict.user->name : std::string{}};
  if (verdict.result != outcome::ok)
    return out;
  const auto limits = ledger_->look(verdict.quotas, now);
  if (const auto* refused = std::get_if<quota_refusal>(&limits)) {
    out.result = outcome::rate_limited;
    out.reason = refused->rule + ": " + std::string(to_string(refused->kind));
    return out;
  }
  // What they say depends on more than is known here.
  for (const auto& login : verdict.logins)
    out.reason.append(out.reason.empty() ? "" : ", ")
      .append(login->place())
      .append(" is asked");
  return out;
}

} // namespace aps
