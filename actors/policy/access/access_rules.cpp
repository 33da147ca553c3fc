#include "actors/policy/access/access_rules.hpp"

#include "config/host.hpp"
#include "config/syntax/text.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr std::string_view usual_header = "Remote-User";

// A rule's place without the "$." of problems, as `config::changed_keys` has
// it.
std::string place_of(std::string path) {
  return path.substr(2);
}

// So that its length is no hint either.
bool same_password(std::string_view x, std::string_view y) {
  return equal_secrets(sha256(x), sha256(y));
}

// What lets a request in has a few words, and each request has them.
constexpr size_t usual_words = 128;

void add_word(std::string& to, std::string_view word,
              std::string_view more = {}) {
  if (to.empty())
    to.reserve(usual_words);
  else
    to.append(", ");
  to.append(word).append(more);
}

} // namespace

// -- reading the configuration ------------------------------------------------

access_rules::access_rules(const config::node& config)
    : user_header_(config.auth.user_header),
      user_variable_(config::lower_case(user_header_)),
      realm_(config.auth.realm),
      pass_authorization_(config.auth.pass_authorization) {
  add_accounts(config.auth);
  add_scopes(config);
  const auto by_user = std::any_of(
    config.mappings.begin(), config.mappings.end(),
    [](const auto& each) { return each.match && each.match->by_user(); });
  empty_ = all_scopes_.empty() && by_certificate_.empty() && has_usual_header()
           && !by_user;
}

bool access_rules::has_usual_header() const noexcept {
  return user_header_.empty() || iequals(user_header_, usual_header);
}

account& access_rules::add_account(const std::string& name,
                                   const std::vector<std::string>& groups) {
  auto& out = *accounts_.emplace_back(std::make_unique<account>());
  out.name = name;
  out.groups = groups;
  by_name_[out.name] = &out;
  return out;
}

void access_rules::add_accounts(const config::auth& auth) {
  for (const auto& [name, user] : auth.users) {
    auto& added = add_account(name, user.groups);
    added.password = user.password;
    added.hash = config::password_hash::parse(user.password_hash);
    passwords_ = passwords_ || added.hash || !added.password.empty();
    if (!decoy_)
      decoy_ = added.hash;
    for (const auto& each : user.certificates)
      by_certificate_.emplace(each, &added);
  }
  for (const auto& [name, token] : auth.tokens) {
    auto& added = add_account(name, token.groups);
    added.program = true;
    added.expires_at = token.expires_at;
    by_token_.emplace(token.secret.empty() ? token.secret_hash
                                           : to_hex(sha256(token.secret)),
                      &added);
  }
  for (const auto& [group, members] : auth.groups)
    for (const auto& name : members)
      if (const auto i = by_name_.find(name); i != by_name_.end())
        i->second->groups.push_back(group);
}

const access_rules::scope*
access_rules::add_scope(std::string place, const config::access& access) {
  if (access == config::access{})
    return nullptr;
  auto out = std::make_unique<scope>();
  out->allow_place = place + ".allow";
  out->require_place = place + ".require";
  out->all = {place + ".quota", access.quota.all};
  out->per_user = {place + ".quota.per_user", access.quota.per_user};
  out->per_address = {place + ".quota.per_address", access.quota.per_address};
  out->place = std::move(place);
  out->allow = config::network_set{access.allow};
  out->deny = config::network_set{access.deny};
  out->some_allowed = !access.allow.empty();
  out->require = access.require;
  if (access.require) {
    out->users = {access.require->users.begin(), access.require->users.end()};
    out->groups
      = {access.require->groups.begin(), access.require->groups.end()};
  }
  if (access.forward_auth)
    out->login = std::make_shared<login_service>(out->place + ".forward_auth",
                                                 *access.forward_auth);
  all_scopes_.push_back(std::move(out));
  return all_scopes_.back().get();
}

void access_rules::add_scopes(const config::node& config) {
  for (const auto& [name, server] : config.servers)
    if (const auto* added = add_scope(
          place_of(config::member_path("$.servers", name)), server.access))
      servers_.emplace(name, added);
  for (const auto& [name, tunnel] : config.tunnels)
    if (const auto* added = add_scope(
          place_of(config::member_path("$.tunnels", name)), tunnel.access))
      tunnels_.emplace(name, added);
  for (size_t i = 0; i < config.mappings.size(); ++i) {
    auto& here = mappings_.emplace_back();
    for (const auto& name : config.mappings[i].tunnels)
      if (const auto found = tunnels_.find(name); found != tunnels_.end())
        here.push_back(found->second);
    if (const auto* added
        = add_scope(place_of(config::element_path("$.mappings", i)),
                    config.mappings[i].access))
      here.push_back(added);
  }
}

// -- deciding -----------------------------------------------------------------

access_rules::scopes access_rules::scopes_of(std::string_view server,
                                             const route* via) const {
  scopes out;
  if (const auto i = servers_.find(server); i != servers_.end())
    out.push_back(i->second);
  if (via && via->index < mappings_.size()) {
    const auto& here = mappings_[via->index];
    out.insert(out.end(), here.begin(), here.end());
  } else if (via && via->declared) {
    for (const auto& name : via->rule.tunnels)
      if (const auto i = tunnels_.find(name); i != tunnels_.end())
        out.push_back(i->second);
  }
  return out;
}

access_verdict access_rules::decide(const access_request& request,
                                    const route* via) const {
  access_verdict out;
  const auto here = scopes_of(request.server, via);
  const auto refuse = [&](outcome result, std::string reason) {
    out.result = result;
    out.reason = std::move(reason);
    return out;
  };
  bool asked = false;
  bool networks = false;
  const auto* match = via ? via->rule.match.get() : nullptr;
  asked = match && match->by_user();
  for (const auto* each : here) {
    asked = asked || each->require;
    networks = networks || each->some_allowed || !each->deny.empty();
  }
  std::optional<config::address_bytes> address;
  if (networks)
    address = config::parse_address(request.address);
  for (const auto* each : here) {
    if (request.address.empty())
      break;
    if (address && each->deny.contains(*address))
      return refuse(outcome::forbidden, each->place + ".deny");
    if (!each->some_allowed)
      continue;
    if (!address || !each->allow.contains(*address))
      return refuse(outcome::forbidden, "not in " + each->allow_place);
    add_word(out.reason, each->allow_place);
  }
  if (!via)
    return out;
  identify(request, asked, out);
  if (out.result != outcome::ok)
    return out;
  for (const auto* each : here) {
    if (!each->require)
      continue;
    if (!out.user || !is_among(*each, *out.user))
      return refuse(outcome::forbidden,
                    (out.user ? out.user->name : std::string("nobody"))
                      + " is not among those of " + each->require_place);
    add_word(out.reason, each->require_place);
  }
  // It was chosen for who asks, so that has to be true.
  if (match && match->by_user()) {
    if (!out.user || !is_member(*out.user, match->users, match->groups))
      return refuse(outcome::forbidden, "not among those of mappings["
                                          + std::to_string(via->index)
                                          + "].match");
  }
  for (const auto* each : here) {
    use(each->all, {}, out);
    if (out.user)
      use(each->per_user, out.user->name, out);
    if (!request.address.empty() && !each->per_address.empty())
      use(each->per_address, peer_group(request.address), out);
  }
  if (out.max_body_bytes > 0
      && request.body_bytes.value_or(0) > out.max_body_bytes)
    return refuse(outcome::body_too_large,
                  "more than max_body_bytes of a quota");
  for (const auto* each : here)
    if (each->login)
      out.logins.push_back(each->login);
  return out;
}

void access_rules::use(const counted& quota, std::string_view whose,
                       access_verdict& to) {
  const auto most = quota.limits.max_body_bytes;
  if (most > 0 && (to.max_body_bytes == 0 || most < to.max_body_bytes))
    to.max_body_bytes = most;
  if (quota.limits.requests == 0 && quota.limits.concurrent_requests == 0)
    return;
  if (to.quotas.empty())
    to.quotas.reserve(4);
  to.quotas.push_back({std::string{whose}, quota.rule, &quota.limits});
}

bool access_rules::is_among(const scope& scope, const account& user) {
  if (scope.users.empty() && scope.groups.empty())
    return true;
  return scope.users.contains(user.name)
         || std::any_of(
           user.groups.begin(), user.groups.end(),
           [&](const auto& group) { return scope.groups.contains(group); });
}

// -- who it is ----------------------------------------------------------------

const account* access_rules::claimed(const access_request& request) const {
  access_verdict out;
  identify(request, true, out);
  return out.result == outcome::ok ? out.user : nullptr;
}

bool is_member(const account& user, const std::vector<std::string>& users,
               const std::vector<std::string>& groups) {
  const auto has = [](const auto& list, const auto& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  return has(users, user.name)
         || std::any_of(user.groups.begin(), user.groups.end(),
                        [&](const auto& group) { return has(groups, group); });
}

// A certificate counts before fields, which may be meant for the target; and
// those are looked at only where somebody has to be known.
void access_rules::identify(const access_request& request, bool asked,
                            access_verdict& to) const {
  if (!request.proven.empty()) {
    if (asked)
      identify_beyond_doubt(request, to);
    return;
  }
  if (const auto* user = of_certificate(request.tls)) {
    to.user = user;
    add_word(to.reason, user->name, " by certificate");
  } else if (asked) {
    identify_by_field(request, to);
  }
}

void access_rules::identify_beyond_doubt(const access_request& request,
                                         access_verdict& to) const {
  to.user = find(request.proven);
  if (!to.user)
    return refuse_unknown(request, "no such user", to);
  if (to.user->is_over(request.now))
    return refuse_unknown(request, "token " + to.user->name + " expired", to);
  add_word(to.reason, to.user->name);
}

const account* access_rules::of_certificate(const tls_facts* tls) const {
  if (!tls || by_certificate_.empty())
    return nullptr;
  for (const auto& name : tls->client_names)
    if (const auto i = by_certificate_.find(name); i != by_certificate_.end())
      return i->second;
  return nullptr;
}

void access_rules::identify_by_field(const access_request& request,
                                     access_verdict& to) const {
  auto shown = request.headers
                 ? credentials_of(*request.headers, request.proxied)
                 : credentials{};
  if (std::holds_alternative<std::monostate>(shown))
    return refuse_unknown(request, "no credentials", to);
  if (const auto* bearer = std::get_if<bearer_token>(&shown))
    return identify_by_token(request, bearer->token, to);
  auto* login = std::get_if<basic_login>(&shown);
  if (!login || !passwords_)
    return refuse_unknown(request, "credentials of another kind", to);
  to.unproven = true;
  to.login = std::move(*login);
  to.by_field = true;
  const auto* user = find(to.login.user());
  if (!user || user->program)
    return refuse_unknown(request, "no such user", to);
  to.user = user;
  if (!user->hash && user->password.empty())
    return refuse_unknown(request, user->name + " has no password", to);
  add_word(to.reason, user->name, " by password");
}

void access_rules::identify_by_token(const access_request& request,
                                     std::string_view token,
                                     access_verdict& to) const {
  const auto i = by_token_.empty() ? by_token_.end()
                                   : by_token_.find(to_hex(sha256(token)));
  to.by_field = true;
  if (i == by_token_.end()) {
    to.wrong_token = true;
    return refuse_unknown(request, "unknown token", to);
  }
  to.user = i->second;
  if (to.user->is_over(request.now))
    return refuse_unknown(request, "token " + to.user->name + " expired", to);
  add_word(to.reason, to.user->name, " by token");
}

// Without credentials that could be named it makes no sense to ask for any.
void access_rules::refuse_unknown(const access_request& request,
                                  std::string reason,
                                  access_verdict& to) const {
  const bool some = passwords_ || !by_token_.empty();
  to.result = !some             ? outcome::forbidden
              : request.proxied ? outcome::proxy_auth_required
                                : outcome::unauthorized;
  to.reason = std::move(reason);
}

bool access_rules::proves(const basic_login& login) const {
  const auto* user = find(login.user());
  if (user && !user->program && user->hash)
    return user->hash->matches(login.password());
  if (decoy_)
    static_cast<void>(decoy_->matches(login.password()));
  return user && !user->program && !user->password.empty()
         && same_password(user->password, login.password());
}

const account* access_rules::find(std::string_view name) const {
  const auto i = by_name_.find(name);
  return i == by_name_.end() ? nullptr : i->second;
}

header_list access_rules::challenges(bool proxied) const {
  const std::string name = proxied ? "Proxy-Authenticate" : "WWW-Authenticate";
  const auto realm = " realm=\"" + realm_ + "\"";
  header_list out;
  if (passwords_)
    out.push_back({name, "Basic" + realm + ", charset=\"UTF-8\""});
  if (!by_token_.empty())
    out.push_back({name, "Bearer" + realm});
  return out;
}

} // namespace aps
