#include "transports/front/request_rewrite.hpp"

#include "config/host.hpp"
#include "transports/front/mapping/mapped_messages.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/identity.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t longest_upgrade = 256;

// Splits host[:port] into the address.
bool read_authority(std::string_view text, request_address& to) {
  to.authority = text;
  std::string_view host;
  if (!config::read_authority(text, host, to.port).empty())
    return false;
  to.host = host;
  return true;
}

bool read_absolute(std::string_view target, bool options,
                   request_address& to) {
  const auto colon = target.find("://");
  if (iequals(target.substr(0, colon), "https"))
    to.scheme = "https";
  else if (!iequals(target.substr(0, colon), "http"))
    return false;
  target.remove_prefix(colon + 3);
  const auto end = target.find_first_of("/?");
  const auto path = end == target.npos ? std::string_view{}
                                       : target.substr(end);
  // OPTIONS of a whole server (RFC 9112, 3.2.4).
  if (!path.starts_with('/'))
    to.path = options && path.empty() ? '*' : '/';
  to.path += path;
  return read_authority(target.substr(0, end), to);
}

constexpr request_refusal bad_host{
  outcome::bad_request, "The Host header does not name a host."};

std::variant<request_address, request_refusal>
origin_form(const message_head& head, bool secure) {
  request_address result;
  if (secure)
    result.scheme = "https";
  result.path = head.target;
  const auto* host = find_header(head.headers, "host");
  // HTTP/1.0 may leave Host out; no mapping can match then.
  if (host == nullptr)
    return result;
  if (!read_authority(host->value, result))
    return bad_host;
  return result;
}

// Joins the list that the last field of that name carries.
void append_element(header_list& headers, std::string_view name,
                    std::string_view element) {
  for (auto i = headers.rbegin(); i != headers.rend(); ++i)
    if (iequals(i->name, name)) {
      i->value.append(i->value.empty() ? "" : ", ").append(element);
      return;
    }
  headers.push_back({std::string{name}, std::string{element}});
}

void add_connection_fields(header_list& headers, const std::string& upgrade,
                           bool wants_trailers) {
  if (!upgrade.empty()) {
    headers.push_back({"Connection", "Upgrade"});
    headers.push_back({"Upgrade", upgrade});
  } else if (wants_trailers) {
    headers.push_back({"Connection", "TE"});
    headers.push_back({"TE", "trailers"});
  }
}

// An expectation is for the target to meet (RFC 9110, 10.1.1), where there is
// something to expect.
bool passes_expectation(const message_head& head) noexcept {
  return head.has_body && head.version >= 11;
}

// Fields that we set ourselves whatever the visitor sent, and those that a
// target could take for such a one or for the message's framing.
bool is_replaced(std::string_view name) noexcept {
  switch (name.size()) {
    case 4:
      return iequals(name, "host");
    case 12:
      return same_variable(name, "x-request-id");
    case 14:
      return is_disguised(name) && same_variable(name, "content-length");
    case 17:
      return is_disguised(name) && same_variable(name, "transfer-encoding");
    default:
      return false;
  }
}

// Whether a visitor's field reaches the target.
bool passes(const header& field, bool trusted, bool expectation) noexcept {
  if (is_replaced(field.name) || is_own_field(field.name))
    return false;
  if (is_identity_field(field.name))
    return trusted && !is_disguised(field.name)
           && !iequals(field.name, "proxy");
  return expectation || !iequals(field.name, "expect");
}

// Whether a visitor's field is ours to write, or was for us alone.
bool is_kept_back(const header& field, const visitor_pass& pass,
                  bool trusted) noexcept {
  if (pass.drop_authorization && iequals(field.name, "authorization"))
    return true;
  for (const auto& variable : pass.login_variables)
    if (same_variable(field.name, variable))
      return true;
  return (!pass.user.empty() || !trusted) && !pass.user_variable.empty()
         && same_variable(field.name, pass.user_variable);
}

header_list end_to_end_fields(header_list& from, const request_source& source,
                              bool expectation) {
  remove_hop_by_hop(from);
  header_list result;
  result.reserve(from.size() + 8);
  result.emplace_back(); // Host goes first
  for (auto& field : from)
    if (passes(field, source.trusted, expectation)
        && !(source.pass && is_kept_back(field, *source.pass, source.trusted)))
      result.push_back(std::move(field));
  if (source.pass && !source.pass->user.empty()
      && !source.pass->user_field.empty())
    result.push_back({source.pass->user_field, source.pass->user});
  return result;
}

// RFC 7239: an IPv6 address has brackets, and then quotes.
std::string forwarded_element(const request_source& source) {
  const bool v6 = source.peer_ip.find(':') != source.peer_ip.npos;
  return std::string{v6 ? "for=\"[" : "for="}
    .append(source.peer_ip)
    .append(v6 ? "]\"" : "")
    .append(source.secure ? ";proto=https" : ";proto=http");
}

// What a trusted proxy said of the first two stays.
void add_identity(header_list& headers, const request_address& address,
                  const request_source& source) {
  append_element(headers, "X-Forwarded-For", source.peer_ip);
  if (!address.authority.empty() && !find_header(headers, "x-forwarded-host"))
    headers.push_back({"X-Forwarded-Host", address.authority});
  // Not the scheme of an absolute-form, which anybody may write.
  if (!find_header(headers, "x-forwarded-proto"))
    headers.push_back({"X-Forwarded-Proto", source.trusted ? address.scheme
                                            : source.secure ? "https"
                                                            : "http"});
  if (find_header(headers, "forwarded"))
    append_element(headers, "Forwarded", forwarded_element(source));
}

// The version as Via has it (RFC 9110, 7.6.3).
std::string_view protocol_of(unsigned version) noexcept {
  return version >= 20 ? "2.0" : version >= 11 ? "1.1" : "1.0";
}

} // namespace

std::string upgrade_of(const message_head& head) {
  std::string result;
  if (!head.upgrade || head.version < 11)
    return result;
  for (const auto& field : head.headers)
    if (iequals(field.name, "upgrade"))
      for_each_element(field.value, [&](std::string_view protocol) {
        if (iequals(protocol.substr(0, 2), "h2")
            || iequals(protocol.substr(0, 6), "http/2"))
          return;
        result.append(result.empty() ? "" : ", ").append(protocol);
      });
  // Nobody has to switch; no protocol has such a name.
  return result.size() > longest_upgrade ? std::string{} : result;
}

std::variant<request_address, request_refusal>
address_of(const message_head& head, bool secure) {
  const std::string_view target = head.target;
  if (head.method == "CONNECT")
    return request_refusal{outcome::not_implemented,
                           "No tunnels by CONNECT; send http:// URLs."};
  if (target == "*")
    return request_refusal{outcome::not_implemented,
                           "The asterisk form (OPTIONS *) is not supported."};
  if (target.find('#') != target.npos)
    return request_refusal{outcome::bad_request,
                           "The request target has a fragment."};
  if (target.starts_with('/'))
    return origin_form(head, secure);
  request_address result;
  if (target.find("://") == target.npos
      || !read_absolute(target, head.method == "OPTIONS", result))
    return request_refusal{outcome::bad_request,
                           "The request target is neither a path nor an "
                           "http:// or https:// URL."};
  // Host is ignored here, but not whether it is one (RFC 9112, 3.2).
  const auto* host = find_header(head.headers, "host");
  request_address ignored;
  if (host && !host->value.empty() && !read_authority(host->value, ignored))
    return bad_host;
  return result;
}

visitor_request to_visitor_request(const message_head& head,
                                   const request_address& address,
                                   std::string_view visitor_ip) {
  visitor_request result;
  result.method = head.method;
  result.scheme = address.scheme;
  result.host = address.host;
  result.port = address.port;
  result.path = address.path;
  result.visitor_address = visitor_ip;
  result.headers = &head.headers;
  result.proxied = head.target.find("://") != head.target.npos
                   && !head.target.starts_with('/');
  if (head.content_length || !head.has_body)
    result.body_bytes = head.content_length.value_or(0);
  return result;
}

std::string_view sane_request_id(const header_list& headers) noexcept {
  const auto* field = find_header(headers, "x-request-id");
  if (field == nullptr || field->value.size() > 128)
    return {};
  const auto& value = field->value;
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(value.begin(), value.end(), visible))
    return {};
  return value;
}

std::string make_request_id(uint64_t seed) {
  // splitmix64: distinct seeds give distinct first halves.
  const auto mix = [](uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  };
  constexpr char digits[] = "0123456789abcdef";
  std::string result(32, '0');
  auto* to = result.data();
  for (auto bits : {mix(seed), mix(~seed)})
    for (size_t i = 0; i < 16; ++i, bits >>= 4)
      *to++ = digits[bits & 15];
  return result;
}

request_head_ptr rewrite_request(message_head& head,
                                 const request_address& address,
                                 const route& via,
                                 const request_source& source) {
  auto result = std::make_shared<request_head>();
  if (source.upgrades)
    result->upgrade = upgrade_of(head);
  const bool wants_trailers = lists(head.headers, "te", "trailers");
  result->method = std::move(head.method);
  result->scheme = via.rule.to.scheme;
  result->protocol = origin_protocol_of(via.rule.to.h2c, via.rule.http2);
  if (via.rule.tls) {
    result->server_name = via.rule.tls->server_name;
    result->origin_tls = via.origin_tls;
  }
  result->proxy
    = proxy_version_of(static_cast<unsigned>(via.rule.proxy_protocol));
  result->proxy_ends = source.proxy_ends;
  result->authority = via.rule.to.authority();
  result->path = via.target_path(address.path);
  result->content_length = head.content_length;
  result->last = !head.has_body && result->kind() == exchange_kind::request;
  // A proxy's connection carries the requests of many.
  result->visitor = source.trusted ? 0 : source.connection;
  auto& headers = result->headers
    = end_to_end_fields(head.headers, source, passes_expectation(head));
  headers.front() = {"Host", via.rule.to.host_field()};
  add_identity(headers, address, source);
  append_element(headers, "Via", std::string{protocol_of(head.version)}
                                   .append(" ").append(source.pseudonym));
  headers.push_back({"X-Request-Id", std::string{source.request_id}});
  if (via.rewriting)
    map_request(*result, via, address.authority,
                source.facts
                  ? text_values_of(*source.facts, result->method,
                                   source.pass ? source.pass->user : "")
                  : text_values{});
  if (result->method == "COPY" || result->method == "MOVE")
    map_destination(*result, via, address.authority);
  add_connection_fields(headers, result->upgrade, wants_trailers);
  if (head.chunked && result->kind() == exchange_kind::upgrade)
    headers.push_back({"Transfer-Encoding", "chunked"});
  return result;
}

// Some targets add trailers to the fields of the head.
void rewrite_trailers(header_list& trailers, const visitor_pass* pass) {
  remove_forbidden_trailers(trailers);
  std::erase_if(trailers, [&](const header& field) {
    return !passes(field, false, false)
           || (pass && is_kept_back(field, *pass, false));
  });
}

} // namespace aps
