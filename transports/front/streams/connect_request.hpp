#pragma once

#include "transports/front/front_request.hpp"

#include <string>

namespace aps {

/// What becomes of a CONNECT, which asks for a stream to the host and port that
/// it names (RFC 9110, 9.3.6; RFC 9113, 8.5). Takes nothing out of `head`.
/// Thread: the unit's.
request_fate decide_connect(const http_front_context& context,
                            const message_head& head, const front_peer& peer,
                            request_facts& facts);

/// How who asked by CONNECT over HTTP/1.1 hears of its stream.
struct connect_answers {
  std::string request_id;
  bool json = false; ///< errors are to be in JSON
  bool told = false; ///< why it failed behind the node, too

  std::string granted() const;
  std::string refused(outcome cause, std::string_view detail,
                      const header_list* fields) const;
};

} // namespace aps
