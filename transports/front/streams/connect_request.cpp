#include "transports/front/streams/connect_request.hpp"

#include "config/host.hpp"
#include "transports/front/error_response.hpp"
#include "transports/front/request_rewrite.hpp"
#include "transports/front/streams/stream_request.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/identity.hpp"
#include "transports/net/sockets/sockets.hpp"

namespace aps {

namespace {

constexpr std::string_view malformed
  = "A CONNECT names a host and a port, and nothing else.";

// In HTTP/2 it stands in :authority, which became Host, and there is no path.
std::string_view target_of(const message_head& head) {
  if (head.version < 20 || !head.target.empty())
    return head.target;
  const auto* host = find_header(head.headers, "host");
  return host ? std::string_view{host->value} : std::string_view{};
}

} // namespace

request_fate decide_connect(const http_front_context& context,
                            const message_head& head, const front_peer& peer,
                            request_facts& facts) {
  const auto target = target_of(head);
  std::string_view host;
  uint16_t port = 0;
  if (head.content_length.value_or(0) > 0 || head.chunked
      || target.find_first_of("/?#@") != target.npos
      || !config::read_authority(target, host, port).empty() || port == 0)
    return denial{outcome::bad_request, std::string{malformed}, {}};
  auto identity = identify(head.headers, peer.ip, context.trusted());
  facts.trusted = identity.trusted;
  facts.visitor_ip = std::move(identity.address);
  facts.local = config::is_loopback(peer.ip) && !was_forwarded(head.headers);
  visitor_request asked;
  asked.method = head.method;
  asked.scheme = "connect";
  asked.host = host;
  asked.port = port;
  asked.visitor_address = facts.visitor_ip;
  asked.local = facts.local;
  asked.server = context.options().name;
  asked.headers = &head.headers;
  asked.tls = peer.tls;
  asked.proxied = true;
  asked.body_bytes = 0;
  auto decision = context.to()->admit(asked);
  if (auto* denied = std::get_if<denial>(&decision)) {
    facts.user = std::move(denied->user);
    facts.access = std::move(denied->reason);
    return std::move(*denied);
  }
  auto entry = std::get<visitor_entry>(std::move(decision));
  const auto& via = *entry.via;
  auto to = via.rule.goes_anywhere() ? config::authority(host, port)
                                     : via.rule.to.authority();
  const auto ends = peer.stream
                      ? ends_of(peer.stream->peer(), peer.stream->destination())
                      : "";
  const auto window = via.window;
  return onward_request{stream_head(via, std::move(to), head.method, ends),
                        exchange_facts{facts.visitor_ip,
                                       facts.id,
                                       entry.via,
                                       "connect",
                                       config::authority(host, port),
                                       {},
                                       peer.tls},
                        window, std::move(entry.pass)};
}

std::string connect_answers::granted() const {
  return "HTTP/1.1 200 Connection Established\r\nAps-Request-Id: " + request_id
         + "\r\n\r\n";
}

std::string connect_answers::refused(outcome cause, std::string_view detail,
                                     const header_list* fields) const {
  const std::string text{told ? detail : std::string_view{}};
  return render_error({cause, text, request_id, json, false, false, fields});
}

} // namespace aps
