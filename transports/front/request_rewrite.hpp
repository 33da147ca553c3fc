#pragma once

#include "config/routing/routes.hpp"
#include "transports/http/parser.hpp"
#include "transports/seam/exchange/exchange_record.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/front.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace aps {

/// What a visitor's request addresses (RFC 9112, 3.2 and 3.3).
struct request_address {
  std::string scheme = "http";
  std::string authority; ///< host[:port] as sent
  std::string host;      ///< without port and IPv6 brackets
  uint16_t port = 0;     ///< 0 = the scheme's default
  std::string path;      ///< path and query, starts with "/"
};

/// Why a request is answered with an error before any mapping is asked.
struct request_refusal {
  outcome cause = outcome::bad_request;
  std::string_view why; ///< for humans
};

/// Reads origin-form and absolute-form; the latter wins over Host. The other
/// forms, and addresses that cannot be understood, are refused. `secure`: it
/// came over TLS, which is what origin-form says the scheme by.
std::variant<request_address, request_refusal>
address_of(const message_head& head, bool secure = false);

/// The protocols that the visitor would switch to, as it wrote them; empty =
/// none. HTTP/2 is left out: its frames would reach the target unseen by all
/// that happens here.
std::string upgrade_of(const message_head& head);

/// What the front looks a mapping up by.
visitor_request to_visitor_request(const message_head& head,
                                   const request_address& address,
                                   std::string_view visitor_ip);

/// The visitor's X-Request-Id when it is sane (at most 128 visible ASCII
/// characters); empty otherwise.
std::string_view sane_request_id(const header_list& headers) noexcept;

/// 32 hexadecimal digits that differ for every `seed`.
std::string make_request_id(uint64_t seed);

/// Where a request comes from, and who passes it on.
struct request_source {
  std::string_view peer_ip = {};
  std::string_view visitor_ip = {}; ///< the peer's, or what a trusted one says
  std::string_view request_id = {};
  bool trusted = false;  ///< the peer's word about the visitor is taken
  bool secure = false;   ///< it came over TLS
  bool upgrades = true;  ///< false: a wish to switch protocols is ignored
  std::string_view pseudonym = "aps"; ///< our name in Via
  uint64_t connection = 0; ///< the peer's; a number of its own, or 0
  const visitor_pass* pass = nullptr; ///< null = nobody asked for one
  std::string proxy_ends
    = {}; ///< `request_head::proxy_ends`, if it is asked for
  const exchange_facts* facts = nullptr; ///< for a mapping's texts
};

/// The request for the target of `via`: Host set, hop-by-hop fields removed,
/// forwarding fields added. Takes what it needs out of `head`. An upgrade
/// request is never `last`: its body is followed by the bytes behind a 101.
/// A chunked body of one keeps its `Transfer-Encoding`, since its chunks are
/// passed on as such (`request_head::upgrade`).
request_head_ptr rewrite_request(message_head& head,
                                 const request_address& address,
                                 const route& via,
                                 const request_source& source);

/// Takes out of the trailers of a visitor what would not pass in its head:
/// what is ours to say, whoever passes it on, in any spelling. `pass` null =
/// nobody asked for one.
void rewrite_trailers(header_list& trailers, const visitor_pass* pass);

} // namespace aps
