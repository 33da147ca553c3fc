#pragma once

#include "transports/front/http_front.hpp"
#include "transports/front/request_rewrite.hpp"
#include "transports/http/parser.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace aps {

/// Who asks, as far as its connection knows.
struct front_peer {
  std::string_view ip;
  uint64_t connection = 0; ///< a number of its own
  tls_facts_ptr tls = nullptr; ///< null = it came without
  const byte_stream* stream = nullptr; ///< null = it is gone
  known_visitor_ptr* known = nullptr;  ///< of this connection; null = nothing
};

/// What one request asks for, and who, whichever version of HTTP it came in.
struct request_facts {
  bool head_request = false;
  bool json = false;      ///< errors are to be in JSON
  bool trusted = false;   ///< the peer's word about the visitor is taken
  bool local = false;     ///< asked by somebody on this machine
  std::string id;
  std::string visitor_ip; ///< the peer's, or what a trusted one says
  std::string user;       ///< of a request that is denied, as far as known
  std::string access;     ///< the rule that denied it
  route_ptr refused_by;   ///< whose that rule is; or null
  exchange_ptr asked; ///< what it became, if its answer may have a page
  /// How its answer may be compressed; null = not at all.
  std::unique_ptr<const wanted_compression> compression;

  /// What stands in the head. `seed` makes the id where it has none.
  void read(const message_head& head, uint64_t seed);
};

/// How far the answer to a request is with its visitor.
enum class answer_state : uint8_t {
  awaited,
  begun,    ///< its head was sent, or waits to be
  complete, ///< so was all of it
  given_up, ///< no more of it comes: its stream was reset (HTTP/2)
};

/// A request that goes on to a target.
struct onward_request {
  request_head_ptr head;
  exchange_facts facts;
  uint32_t window = 0; ///< bytes of the answer under way
  visitor_pass_ptr pass = nullptr;
};

/// A request that we answer, and well: a TRACE or OPTIONS whose final recipient
/// we are (RFC 9110, 7.6.2), or one that is sent to https.
struct final_request {
  response_head head;
  std::string body = {};
  std::string detail = {}; ///< for the record
};

/// What becomes of a request.
using request_fate = std::variant<onward_request, final_request, denial>;

/// The one way of a visitor's request through the front: is it ours to end, what
/// does it address, who sent it, which mapping takes it, and what is sent of it.
/// Takes what goes on out of `head`; a head that is denied stays good enough
/// for a record. Thread: the unit's.
request_fate decide_request(const http_front_context& context,
                            message_head& head, const front_peer& peer,
                            request_facts& facts);

/// Tells the front of a request that we answer ourselves.
void tell_own_answer(const http_front_context& context, executor& unit,
                     const message_head& head, const front_peer& peer,
                     const request_facts& facts, outcome result,
                     std::string_view detail);

/// For how many seconds the visitor of an exchange shall come over TLS only; it
/// has to hear so over TLS (RFC 6797, 7.2).
uint32_t hsts_of(const exchange* of) noexcept;

/// Whether the target's way led back to this node: its 508 is our own then.
bool came_back(const http_front_context& context, const response_head& head,
               const request_facts& facts);

} // namespace aps
