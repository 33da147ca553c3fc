#include "transports/front/streams/stream_request.hpp"

#include "config/host.hpp"
#include "config/streams/stream_url.hpp"
#include "transports/front/request_rewrite.hpp"
#include "transports/net/sockets/sockets.hpp"

namespace aps {

namespace {} // namespace

request_head_ptr stream_head(const route& via, std::string authority,
                             std::string_view method,
                             const std::string& proxy_ends) {
  auto out = std::make_shared<request_head>();
  out->method = method;
  out->scheme = via.rule.to.scheme;
  out->authority = std::move(authority);
  out->last = false;
  out->proxy = proxy_version_of(static_cast<unsigned>(via.rule.proxy_protocol));
  out->proxy_ends = proxy_ends;
  return out;
}

std::variant<onward_request, denial>
decide_stream(http_front_context& context, const stream_address& address,
              const boost::asio::ip::tcp::endpoint& from,
              const boost::asio::ip::tcp::endpoint& to,
              const tls_facts_ptr& tls) {
  visitor_request asked;
  asked.method = config::stream_method(address.scheme);
  asked.scheme = address.scheme;
  asked.host = address.host;
  asked.port = address.port;
  asked.path = {};
  asked.visitor_address = from.address().to_string();
  asked.local = config::is_loopback(asked.visitor_address);
  asked.server = context.options().name;
  asked.tls = tls;
  auto decision = context.to()->admit(asked);
  if (auto* denied = std::get_if<denial>(&decision))
    return std::move(*denied);
  auto entry = std::get<visitor_entry>(std::move(decision));
  const auto& via = *entry.via;
  auto head = stream_head(via, via.rule.to.authority(), asked.method,
                          ends_of(from, to));
  const auto window = via.window;
  return onward_request{
    std::move(head),
    exchange_facts{asked.visitor_address,
                   make_request_id(context.next_seed() * 0x9e3779b97f4a7c15),
                   entry.via,
                   address.scheme,
                   config::authority(address.host, address.port),
                   {},
                   tls},
    window, std::move(entry.pass)};
}

void tell_refused_stream(const http_front_context& context, executor& unit,
                         const stream_address& address, std::string_view peer,
                         const denial& why) {
  const auto host = config::authority(address.host, address.port);
  context.to()->on_own_answer(
    unit, {.result = why.cause,
           .peer = peer,
           .method = config::stream_method(address.scheme),
           .scheme = address.scheme,
           .host = host,
           .detail = why.reason.empty() ? why.detail : why.reason,
           .access = why.reason});
}

} // namespace aps
