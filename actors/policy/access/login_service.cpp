#include "actors/policy/access/login_service.hpp"

#include "config/access/forward_auth.hpp"
#include "config/host.hpp"
#include "transports/seam/auth.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace aps {

namespace {

// Of the message itself, of another's cache, or written anew below. What is
// asked has no body and no second range.
constexpr std::array unsent{"connection",
                            "content-encoding",
                            "content-language",
                            "content-length",
                            "content-location",
                            "content-range",
                            "content-type",
                            "expect",
                            "host",
                            "if-match",
                            "if-modified-since",
                            "if-none-match",
                            "if-range",
                            "if-unmodified-since",
                            "idempotency-key",
                            "max-forwards",
                            "range",
                            "te",
                            "trailer",
                            "transfer-encoding",
                            "upgrade",
                            "x-forwarded-method",
                            "x-forwarded-uri",
                            "x-original-method",
                            "x-original-url"};

// What we say of the visitor goes along whatever else is sent.
constexpr std::array always{"forwarded",         "via",
                            "x-forwarded-for",   "x-forwarded-host",
                            "x-forwarded-proto", "x-request-id"};

// Where services say who it is, the clearest first.
constexpr std::array names_of_users{
  "Remote-User",          "X-Auth-Request-Preferred-Username",
  "X-Auth-Request-User",  "X-Forwarded-User",
  "X-Auth-Request-Email", "Remote-Email"};

template <class Names>
bool has_name(const Names& names, std::string_view name) noexcept {
  return std::any_of(
    std::begin(names), std::end(names),
    [&](std::string_view each) { return iequals(each, name); });
}

bool is_of_websocket(std::string_view name) {
  return config::lower_case(name).starts_with("sec-websocket-");
}

std::string_view value_of(const header_list& fields, std::string_view name) {
  const auto* found = find_header(fields, name);
  return found ? std::string_view{found->value} : std::string_view{};
}

route_ptr way_of(const config::forward_auth& asked, config::url to) {
  auto out = std::make_shared<route>();
  out->index = std::numeric_limits<size_t>::max();
  out->rule.from = to;
  out->rule.to = std::move(to);
  out->rule.tunnels = asked.tunnels;
  out->rule.endpoints = asked.endpoints;
  return out;
}

} // namespace

login_service::login_service(std::string place,
                             const config::forward_auth& asked)
    : place_(std::move(place)), asked_(asked) {
  std::string error;
  auto address = config::parse_login_address(asked.url, error);
  if (!address)
    address.emplace(); // nobody is let in by that
  target_ = std::move(address->target);
  via_ = way_of(asked, std::move(address->url));
}

request_head_ptr login_service::question(const request_head& head,
                                         std::string_view path) const {
  const auto& to = via_->rule.to;
  auto out = std::make_shared<request_head>();
  out->method = "GET";
  out->scheme = to.scheme;
  out->authority = to.authority();
  out->path = target_;
  out->protocol = origin_protocol_of(to.h2c, via_->rule.http2);
  out->visitor = 0; // its connections serve all
  auto& fields = out->headers;
  fields.push_back({"Host", out->authority});
  for (const auto& field : head.headers)
    if (!has_name(unsent, field.name) && !is_of_websocket(field.name)
        && (asked_.request_headers.empty() || has_name(always, field.name)
            || has_name(asked_.request_headers, field.name)))
      fields.push_back(field);
  fields.push_back({"X-Forwarded-Method", head.method});
  fields.push_back({"X-Forwarded-Uri", std::string{path}});
  fields.push_back({"X-Original-Method", head.method});
  fields.push_back(
    {"X-Original-URL", std::string{value_of(head.headers, "x-forwarded-proto")}
                         .append("://")
                         .append(value_of(head.headers, "x-forwarded-host"))
                         .append(path)});
  return out;
}

// Each part ends with a byte that stands in none.
std::string login_service::text_of(const request_head& question) {
  std::string out;
  for (const auto& field : question.headers)
    if (!iequals(field.name, "x-request-id"))
      out.append(config::lower_case(field.name))
        .append(1, '\0')
        .append(field.value)
        .append(1, '\0');
  return out;
}

bool login_service::is_copied(std::string_view name) const noexcept {
  return has_name(asked_.copy_headers, name);
}

header_list login_service::copied(const header_list& answer) const {
  header_list out;
  for (const auto& field : answer)
    if (is_copied(field.name))
      out.push_back(field);
  return out;
}

request_head_ptr login_service::amended(const request_head& head,
                                        const header_list& fields) const {
  auto out = std::make_shared<request_head>(head);
  // The visitor's other copies are gone already; a name of ours stays.
  std::erase_if(out->headers, [&](const header& each) {
    return is_copied(each.name)
           && (find_header(fields, each.name)
               || iequals(each.name, "authorization"));
  });
  out->headers.insert(out->headers.end(), fields.begin(), fields.end());
  return out;
}

std::string login_service::user_of(const header_list& fields) {
  for (const auto* name : names_of_users)
    if (const auto value = value_of(fields, name); !value.empty())
      return std::string{value};
  return {};
}

header_list login_service::cookies_of(const header_list& answer) {
  header_list out;
  for (const auto& field : answer)
    if (iequals(field.name, "set-cookie"))
      out.push_back(field);
  return out;
}

} // namespace aps
