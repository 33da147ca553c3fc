#include "transports/http/request_writer.hpp"

#include "transports/http/fields.hpp"

namespace aps {

namespace {

// Fields about framing are ours, but an upgrade's body comes in its chunks.
bool is_framing_field(const request_head& head,
                      std::string_view name) noexcept {
  return iequals(name, "content-length")
         || ((head.kind() == exchange_kind::request || head.content_length)
             && iequals(name, "transfer-encoding"));
}

} // namespace

body_framing choose_framing(const request_head& head) noexcept {
  if (head.kind() == exchange_kind::upgrade)
    return body_framing::raw;
  if (head.content_length)
    return body_framing::length;
  return head.last ? body_framing::none : body_framing::chunked;
}

bool append_request_head(std::string& to, const request_head& head,
                         body_framing framing) {
  if (!is_token(head.method) || !is_visible(head.path)
      || !is_visible(head.authority))
    return false;
  to.append(head.method).append(" ").append(head.path).append(" HTTP/1.1\r\n");
  if (!find_header(head.headers, "host"))
    append_field(to, "Host", head.authority);
  for (const auto& [name, value] : head.headers)
    if (!is_framing_field(head, name))
      append_field(to, name, value);
  if (framing == body_framing::chunked)
    to.append("Transfer-Encoding: chunked\r\n");
  else if (head.content_length)
    append_field(to, "Content-Length",
                 std::to_string(*head.content_length));
  to.append("\r\n");
  return true;
}

} // namespace aps
