#include "config/routing/conditions.hpp"

#include <algorithm>

namespace aps {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

std::string form_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (c == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0
        && digit_of(text[i + 2]) >= 0) {
      out += static_cast<char>(digit_of(text[i + 1]) * 16
                               + digit_of(text[i + 2]));
      i += 2;
    } else {
      out += c == '+' ? ' ' : c;
    }
  }
  return out;
}

namespace {

template <class Passes>
bool any_parameter(std::string_view path, std::string_view name,
                   Passes passes) {
  const auto mark = path.find('?');
  auto rest = mark == path.npos ? std::string_view{} : path.substr(mark + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto sign = std::min(pair.find('='), pair.size());
    if (form_decoded(pair.substr(0, sign)) == name
        && passes(form_decoded(pair.substr(std::min(sign + 1, pair.size())))))
      return true;
  }
  return false;
}

using kind = config::value_test::kind;

std::string described(const config::value_test& test) {
  switch (test.asked) {
    case kind::present: return test.name;
    case kind::absent: return "no " + test.name;
    case kind::exact: return test.name + " = " + test.text;
    case kind::pattern: return test.name + " that fits " + test.text;
  }
  return {};
}

} // namespace

size_t config::conditions::count() const noexcept {
  return headers.size() + query.size() + (methods.empty() ? 0 : 1)
         + (addresses.empty() ? 0 : 1) + (by_user() ? 1 : 0);
}

std::vector<route_conditions::test>
route_conditions::tests_of(const std::vector<config::value_test>& of) {
  std::vector<test> out;
  for (const auto& rule : of)
    out.push_back({rule, rule.asked == kind::pattern
                           ? std::optional<pattern>{pattern{rule.text}}
                           : std::nullopt});
  return out;
}

route_conditions::route_conditions(const config::conditions& rules)
    : methods_(rules.methods), headers_(tests_of(rules.headers)),
      query_(tests_of(rules.query)), addresses_(rules.addresses),
      users_(rules.users), groups_(rules.groups),
      by_address_(!rules.addresses.empty()) {
  if (!rules.path_regex.empty())
    path_.emplace(rules.path_regex);
}

bool route_conditions::test::passes(std::string_view value) const {
  switch (rule.asked) {
    case kind::present:
    case kind::absent: return true;
    case kind::exact: return value == rule.text;
    case kind::pattern: return fitting->fits(value);
  }
  return false;
}

bool route_conditions::is_met(const test& test, const route_request& request,
                              bool query) {
  const auto passes
    = [&](std::string_view value) { return test.passes(value); };
  const auto found
    = query ? any_parameter(request.path, test.rule.name, passes)
            : request.fields && request.fields->any(test.rule.name, passes);
  return found != (test.rule.asked == kind::absent);
}

bool route_conditions::is_for_user(const route_request& request) const {
  return (users_.empty() && groups_.empty())
         || (request.user && request.user->is_among(users_, groups_));
}

bool route_conditions::admit(const route_request& request) const {
  if (!methods_.empty()
      && std::find(methods_.begin(), methods_.end(), request.method)
           == methods_.end())
    return false;
  if (by_address_ && !addresses_.contains(request.address))
    return false;
  return std::all_of(
           headers_.begin(), headers_.end(),
           [&](const auto& test) { return is_met(test, request, false); })
         && std::all_of(
           query_.begin(), query_.end(),
           [&](const auto& test) { return is_met(test, request, true); })
         && is_for_user(request);
}

std::string route_conditions::why_not(const route_request& request) const {
  if (!takes(request.path.substr(0, request.path.find('?'))))
    return "the path does not fit match.path_regex";
  if (!methods_.empty()
      && std::find(methods_.begin(), methods_.end(), request.method)
           == methods_.end())
    return "not a method of match.methods";
  if (by_address_ && !addresses_.contains(request.address))
    return "the visitor is none of match.addresses";
  for (const auto& test : headers_)
    if (!is_met(test, request, false))
      return "match.headers asks for " + described(test.rule);
  for (const auto& test : query_)
    if (!is_met(test, request, true))
      return "match.query asks for " + described(test.rule);
  if (!is_for_user(request))
    return "the visitor is none of match.users and match.groups";
  return {};
}

} // namespace aps
