#include "actors/admin/access.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>

namespace aps::admin {

namespace {

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('['))
    return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

// An address cannot be pointed elsewhere by somebody's name server.
bool is_address(std::string_view host) {
  return host.starts_with('[') || iequals(host, "localhost")
         || (!host.empty()
             && std::all_of(host.begin(), host.end(), [](char c) {
                  return (c >= '0' && c <= '9') || c == '.';
                }));
}

// "" = none.
std::string_view token_in(std::string_view field) {
  constexpr std::string_view scheme = "bearer ";
  return iequals(field.substr(0, scheme.size()), scheme)
           ? field.substr(scheme.size()) : std::string_view{};
}

// Browsers say where a request comes from; other programs say nothing.
bool from_elsewhere(const request& request) {
  const auto site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return true;
  const auto origin = request.header("origin");
  if (origin.empty())
    return false;
  const auto scheme = origin.find("://");
  return scheme == origin.npos
         || !iequals(origin.substr(scheme + 3), request.facts().host);
}

bool refuse(const request& request, uint16_t status, const std::string& why,
            header_list more = {}) {
  note_refused(request.at(), {.status = status,
                              .peer = request.facts().visitor_address,
                              .request_id = request.facts().request_id,
                              .method = request.method(),
                              .path = request.path(),
                              .why = why});
  request.answer(status, {{"error", why}}, std::move(more));
  return false;
}

bool may_log_in(const request& request) {
  const auto ask = [&](const char* why) {
    return refuse(request, 401, why, {{"WWW-Authenticate", "Bearer"}});
  };
  const auto login = try_login(request.at(), request.facts().visitor_address,
                               request.header("authorization"));
  switch (login.is) {
    case login::result::right: return true;
    case login::result::missing:
      return ask("a token is needed: Authorization: Bearer TOKEN");
    case login::result::wrong: return ask("the token is wrong");
    case login::result::slowed: break;
  }
  const auto wait = std::chrono::ceil<std::chrono::seconds>(login.wait).count();
  request.note_limit(limit::login_rate, "guesses at the admin's token");
  request.answer(429, {{"error", "too many wrong tokens from this address"}},
                 {{"Retry-After", std::to_string(wait)}});
  return false;
}

// A person who follows a link from another site may look at one answer. A
// stream is never looked at that way, but a page could hold many in frames.
bool is_followed_link(const request& request) {
  return request.header("sec-fetch-mode") == "navigate"
         && request.header("sec-fetch-dest") == "document"
         && request.path() != "/.api/events";
}

} // namespace

// Guesses at the token are slowed; a request without one is none.
login try_login(const desk& at, std::string_view address,
                std::string_view field) {
  using enum login::result;
  const auto token = at.token();
  if (token.empty())
    return {right};
  if (field.empty())
    return {missing};
  const auto shown = token_in(field);
  const auto group = peer_group(address);
  const auto now = clock_type::now();
  auto& logins = *at.logins;
  std::lock_guard guard{logins.mutex};
  const auto wait = logins.limit.wait(group, now);
  if (wait > duration::zero())
    return {slowed, wait};
  if (equal_secrets(shown, token)) {
    logins.limit.on_success(group);
    return {right};
  }
  logins.limit.on_failure(group, now);
  return {shown.empty() ? missing : wrong};
}

bool shows_token(const header_list& headers, std::string_view token) {
  const auto* field = find_header(headers, "authorization");
  return token.empty()
         || (field && equal_secrets(token_in(field->value), token));
}

bool may_enter(const request& request, access access) {
  const auto token = request.at().token();
  if (access == access::token && !may_log_in(request))
    return false;
  // Without a token a name that leads to this machine is all that a page of
  // somebody else needs (DNS rebinding).
  if (access == access::token && token.empty()
      && !is_address(host_of(request.facts().host)))
    return refuse(request, 403,
                  "without a token the Host has to be an address or localhost");
  if (request.method() == "GET" || request.method() == "HEAD") {
    if (access == access::token && from_elsewhere(request)
        && !is_followed_link(request))
      return refuse(request, 403, "requests from other sites are refused");
    return true;
  }
  if (from_elsewhere(request))
    return refuse(request, 403, "requests from other sites are refused");
  const auto type = request.header("content-type");
  if (!iequals(type.substr(0, type.find(';')), "application/json"))
    return refuse(request, 415, "Content-Type has to be application/json");
  return true;
}

} // namespace aps::admin
