#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/outcome.hpp"

#include <string>
#include <string_view>

namespace aps {

struct own_page;

/// An error that the node itself answers.
struct error_reply {
  outcome cause = outcome::internal;
  std::string_view detail = {};     ///< one line more for humans; may be empty
  std::string_view request_id = {}; ///< may be empty
  bool json = false;           ///< body as JSON instead of plain text
  bool head_request = false;   ///< no body
  bool keep_alive = false;
  const header_list* fields = nullptr; ///< more of them; null = none
  const own_page* page = nullptr;      ///< instead of the body; null = none
};

/// Its status: that of the page, or from `status_of`.
unsigned status_of(const error_reply& reply) noexcept;

/// The complete message: its status, Aps-Outcome, Aps-Request-Id,
/// X-Request-Id, Retry-After for 503 and 429 (a second, unless `fields` have
/// another one), and a short body.
std::string render_error(const error_reply& reply);

/// Its fields, those of the connection excepted, and its body.
header_list error_fields(const error_reply& reply, size_t body_size);
std::string error_body(const error_reply& reply);

/// True when an Accept field prefers JSON to plain text and HTML.
bool prefers_json(const header_list& headers) noexcept;

} // namespace aps
