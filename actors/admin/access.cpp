#include "actors/admin/router.hpp"
#include "transports/seam/auth.hpp"

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

bool has_token(const call& what, const std::string& token) {
  constexpr std::string_view scheme = "bearer ";
  const auto field = what.header("authorization");
  return field.size() > scheme.size()
         && iequals(field.substr(0, scheme.size()), scheme)
         && equal_secrets(field.substr(scheme.size()), token);
}

// Browsers say where a request comes from; other programs say nothing.
bool from_elsewhere(const call& what) {
  const auto site = what.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return true;
  const auto origin = what.header("origin");
  if (origin.empty())
    return false;
  const auto scheme = origin.find("://");
  return scheme == origin.npos
         || !iequals(origin.substr(scheme + 3), what.facts().host);
}

bool refuse(const call& what, uint16_t status, const std::string& why,
            header_list more = {}) {
  what.tell(event_kind::admin_refused,
            "Refused " + what.method() + " " + std::string(what.path()) + ": "
              + why);
  what.answer(status, {{"error", why}}, std::move(more));
  return false;
}

} // namespace

bool may_enter(const call& what, const resource& to) {
  const auto config = what.where().config->get();
  const auto& token = config->admin->token;
  if (to.who == access::token && !token.empty() && !has_token(what, token))
    return refuse(what, 401, "a token is needed: Authorization: Bearer TOKEN",
                  {{"WWW-Authenticate", "Bearer"}});
  // Without a token a name that leads to this machine is all that a page of
  // somebody else needs (DNS rebinding).
  if (to.who == access::token && token.empty()
      && !is_address(host_of(what.facts().host)))
    return refuse(what, 403,
                  "without a token the Host has to be an address or localhost");
  if (to.method == "GET")
    return true;
  if (from_elsewhere(what))
    return refuse(what, 403, "requests from other sites are refused");
  const auto type = what.header("content-type");
  if (!iequals(type.substr(0, type.find(';')), "application/json"))
    return refuse(what, 415, "Content-Type has to be application/json");
  return true;
}

} // namespace aps::admin
