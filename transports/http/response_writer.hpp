#pragma once

#include "transports/http/body_writer.hpp"
#include "transports/seam/frame.hpp"

#include <string>
#include <string_view>

namespace aps {

/// What the head of an answer depends on besides the answer itself.
struct response_context {
  unsigned version = 11;    ///< the visitor's
  bool head_request = false;
  bool keep_alive = true;   ///< in: wanted; out: what the framing allows
  std::string_view request_id = {};
  std::string_view pseudonym = "aps"; ///< our name in Via
  bool ours = false; ///< the tunnel's own answer, so its Aps-* fields stay
  uint32_t hsts = 0; ///< s, see `config::mapping`; 0 = nothing is said
};

/// How the body of `head` will be framed for this visitor; a body that only
/// the connection's end can end switches `keep_alive` off.
body_framing choose_framing(const response_head& head,
                            response_context& context) noexcept;

/// Appends the status line and the header section of a final response or of a
/// 101: end-to-end fields but Aps-*, which only we say, Via, Aps-Request-Id
/// and, where the target sent none, X-Request-Id, framing and Connection.
void append_response_head(std::string& to, const response_head& head,
                          body_framing framing,
                          const response_context& context);

/// The same fields for HTTP/2, which has none of framing and Connection; a length
/// that is known stands among them.
header_list response_fields(const response_head& head,
                            const response_context& context);

/// The fields of an interim response that are passed on.
header_list interim_fields(const response_head& head);

/// Whether an answer with this status never has a body (RFC 9110, 6.4.1).
bool is_bodiless(unsigned status) noexcept;

/// Appends an interim response (1xx other than 101).
void append_interim_head(std::string& to, const response_head& head);

/// The reason phrase of a status code; never empty.
std::string_view reason_of(unsigned status) noexcept;

} // namespace aps
