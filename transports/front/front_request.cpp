#include "transports/front/front_request.hpp"

#include "config/answers/live_answers.hpp"
#include "config/host.hpp"
#include "config/syntax/text.hpp"
#include "transports/front/compression/negotiation.hpp"
#include "transports/front/error_response.hpp"
#include "transports/front/page_origin.hpp"
#include "transports/front/streams/connect_request.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/hops.hpp"
#include "transports/http/identity.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/net/sockets/sockets.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <optional>

namespace aps {

namespace {

// RFC 9110, 10.1.1: nothing but this one is known.
bool expects_unknown(const header_list& headers) noexcept {
  bool result = false;
  for (const auto& field : headers)
    if (iequals(field.name, "expect"))
      for_each_element(field.value, [&](std::string_view element) {
        result = result || !iequals(element, "100-continue");
      });
  return result;
}

// A frame over the limit would cost its connection, and then the next one.
bool fits_a_frame(const request_head& head) noexcept {
  auto bytes = head.method.size() + head.authority.size() + head.path.size()
               + head.upgrade.size();
  for (const auto& field : head.headers)
    bytes += field.name.size() + field.value.size();
  return head.headers.size() <= max_head_fields && bytes <= max_head_bytes;
}

// Nobody has to switch to HTTP/2 (RFC 9113, 3.1), and some clients always ask;
// whoever wants another protocol cannot do without.
bool wants_refused_switch(const http_front_context& context,
                          const message_head& head) {
  return !context.options().upgrades && !upgrade_of(head).empty();
}

final_request answer_here(const message_head& request) {
  final_request out;
  if (request.method == "TRACE") {
    out.body = trace_body(request);
    out.head.headers.push_back({"Content-Type", "message/http"});
  } else {
    out.head.headers.push_back({"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, "
                                         "OPTIONS, TRACE"});
  }
  return out;
}

// Whether a proxy that may say so, or its own connection, has TLS.
bool is_secure(const message_head& head, const front_peer& peer,
               const request_facts& facts) {
  if (peer.tls)
    return true;
  const auto* proto = find_header(head.headers, "x-forwarded-proto");
  return facts.trusted && proto && iequals(proto->value, "https");
}

// What a mapping takes stays, such as the challenges of a certificate
// authority; and what came over TLS to a trusted proxy would come back.
bool goes_to_https(const http_front_context& context, const message_head& head,
                   const front_peer& peer, const request_facts& facts,
                   const request_address& address) {
  return context.options().redirect_https != 0 && !is_secure(head, peer, facts)
         && !address.host.empty() && address.scheme == "http"
         && address.path.starts_with('/');
}

// Browsers ask nobody before they open a WebSocket, and CORS is for the rest.
std::optional<denial> refuse_page(const message_head& head,
                                  const front_peer& peer,
                                  const request_facts& facts, const route& via,
                                  const request_address& address) {
  if (via.rule.origins.allowed == config::origin_rule::kind::any)
    return std::nullopt;
  auto why
    = why_foreign(via.rule.origins, head.headers,
                  {address.host, address.port, is_secure(head, peer, facts)});
  if (why.empty())
    return std::nullopt;
  return denial{outcome::foreign_origin, std::move(why), {}};
}

// The same address over TLS. The method stays (RFC 9110, 15.4.9).
final_request redirect(const http_front_context& context,
                       const request_address& address) {
  const auto origin
    = config::https_origin(address.host, context.options().redirect_https);
  final_request out;
  out.head.status = 308;
  out.head.reason = reason_of(out.head.status);
  out.head.headers.push_back({"Location", origin + address.path});
  out.detail = "sent to https";
  return out;
}

// Requests that came back to us, or were to go no further (RFC 9110, 7.6).
std::optional<request_fate> end_here(const http_front_context& context,
                                     message_head& head,
                                     const front_peer& peer,
                                     const request_facts& facts) {
  const auto& hop = context.options().hop;
  if (!hop)
    return std::nullopt;
  if (passed(head.headers, hop->pseudonym())) {
    hop->note_loop(facts.id);
    context.to()->on_limit(limit::loop, peer.ip, facts.id);
    return denial{outcome::loop_detected, "Its Via names this node.", {}};
  }
  switch (take_hop(head)) {
    case forwarding::here:
      return answer_here(head);
    case forwarding::malformed:
      return denial{outcome::bad_request, "Max-Forwards is not one number.",
                    {}};
    case forwarding::onward:
      break;
  }
  return std::nullopt;
}

// Whose connection a target's is, as its PROXY header says.
std::string proxy_ends_of(const front_peer& peer, const request_facts& facts,
                          const route& via) {
  if (via.rule.proxy_protocol == config::proxy_protocol::off || !peer.stream)
    return {};
  // Whom a proxy names by a field has no port.
  const bool direct = facts.visitor_ip == peer.ip;
  return config::authority(facts.visitor_ip,
                           direct ? peer.stream->peer().port() : uint16_t{0})
         + " " + to_string(peer.stream->destination());
}

// How the answer may be compressed, by the mapping or else by the server; what
// the visitor wants stands in its own head, whatever the target hears of it.
std::unique_ptr<const wanted_compression>
compression_of(const http_front_context& context, const message_head& head,
               const route& via) {
  auto settings = via.rule.compress;
  if (!settings && context.options().answers)
    if (const auto all = context.options().answers->get())
      settings = all->compress;
  if (!settings || settings->encodings.empty() || head.method == "HEAD")
    return nullptr;
  return std::make_unique<const wanted_compression>(
    wanted_compression{*settings, choose_coding(head.headers, *settings)});
}

request_fate go_on(const http_front_context& context, message_head& head,
                   const front_peer& peer, request_facts& facts,
                   visitor_entry entry, const request_address& address) {
  const auto via = std::move(entry.via);
  exchange_facts known{facts.visitor_ip,
                       facts.id,
                       via,
                       address.scheme,
                       address.authority.empty() ? address.host
                                                 : address.authority,
                       address.path,
                       peer.tls};
  facts.compression = compression_of(context, head, *via);
  auto out = rewrite_request(head, address, *via,
                             {.peer_ip = peer.ip,
                              .visitor_ip = facts.visitor_ip,
                              .request_id = facts.id,
                              .trusted = facts.trusted,
                              .secure = peer.tls != nullptr,
                              .upgrades = context.options().upgrades,
                              .pseudonym = context.pseudonym(),
                              .connection = peer.connection,
                              .pass = entry.pass.get(),
                              .proxy_ends = proxy_ends_of(peer, facts, *via),
                              .facts = &known});
  if (!fits_a_frame(*out)) {
    head.method = out->method; // for the record
    head.headers = {{"Host", address.authority}};
    return denial{outcome::header_too_large, {}, {}};
  }
  const auto window = via->window;
  return onward_request{std::move(out), std::move(known), window,
                        std::move(entry.pass)};
}

} // namespace

void request_facts::read(const message_head& head, uint64_t seed) {
  head_request = head.method == "HEAD";
  json = prefers_json(head.headers);
  id = sane_request_id(head.headers);
  if (id.empty())
    id = make_request_id(seed);
}

request_fate decide_request(const http_front_context& context,
                            message_head& head, const front_peer& peer,
                            request_facts& facts) {
  if (head.version >= 11 && expects_unknown(head.headers))
    return denial{outcome::expectation_failed, {}, {}};
  // One of HTTP/2 has no path, unless it asks for another protocol.
  if (head.method == "CONNECT" && context.options().upgrades
      && (head.version < 20 || head.target.empty()))
    return decide_connect(context, head, peer, facts);
  if (wants_refused_switch(context, head))
    return denial{outcome::not_implemented,
                  "This is the " + context.options().name
                    + " listener: no upgrades; agents dial `servers`.",
                  {}};
  if (auto end = end_here(context, head, peer, facts))
    return std::move(*end);
  const auto address = address_of(head, peer.tls != nullptr);
  if (const auto* refusal = std::get_if<request_refusal>(&address))
    return denial{refusal->cause, std::string{refusal->why}, {}};
  const auto& known = std::get<request_address>(address);
  auto identity = identify(head.headers, peer.ip, context.trusted());
  facts.trusted = identity.trusted;
  facts.visitor_ip = std::move(identity.address);
  facts.local = is_loopback(peer.ip) && !was_forwarded(head.headers);
  auto asked = to_visitor_request(head, known, facts.visitor_ip);
  asked.local = facts.local;
  asked.server = context.options().name;
  asked.tls = peer.tls;
  asked.known = peer.known;
  if (!upgrade_of(head).empty())
    asked.refuse = [&](const route& via) {
      return refuse_page(head, peer, facts, via, known);
    };
  auto decision = context.to()->admit(asked);
  if (auto* denied = std::get_if<denial>(&decision)) {
    if (denied->cause == outcome::no_mapping
        && goes_to_https(context, head, peer, facts, known))
      return redirect(context, known);
    facts.user = std::move(denied->user);
    facts.access = std::move(denied->reason);
    facts.refused_by = std::move(denied->via);
    return std::move(*denied);
  }
  auto entry = std::get<visitor_entry>(std::move(decision));
  return go_on(context, head, peer, facts, std::move(entry), known);
}

void tell_own_answer(const http_front_context& context, executor& unit,
                     const message_head& head, const front_peer& peer,
                     const request_facts& facts, outcome result,
                     std::string_view detail) {
  const auto* field = find_header(head.headers, "host");
  const auto host
    = field ? config::without_user_info(field->value) : std::string{};
  const auto path = config::without_user_info(head.target);
  own_answer answer{.result = result,
                    .status = status_of(result),
                    .peer = facts.visitor_ip.empty()
                              ? peer.ip
                              : std::string_view{facts.visitor_ip},
                    .request_id = facts.id,
                    .method = head.method,
                    .scheme = peer.tls ? "https" : "http",
                    .host = host,
                    .path = path,
                    .detail = facts.access.empty() ? detail : facts.access,
                    .tls = peer.tls,
                    .user = facts.user,
                    .access = facts.access};
  const auto address = address_of(head, peer.tls != nullptr);
  if (const auto* known = std::get_if<request_address>(&address)) {
    answer.scheme = known->scheme;
    answer.host = known->authority;
    answer.path = known->path;
  }
  context.to()->on_own_answer(unit, answer);
}

uint32_t hsts_of(const exchange* of) noexcept {
  return of && of->facts().tls && of->facts().via
           ? of->facts().via->rule.hsts
           : 0;
}

bool came_back(const http_front_context& context, const response_head& head,
               const request_facts& facts) {
  const auto& hop = context.options().hop;
  return head.status == 508 && hop && hop->looped(facts.id);
}

} // namespace aps
