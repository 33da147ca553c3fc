#include "transports/http/response_writer.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/http_date.hpp"
#include "transports/http/identity.hpp"

#include <boost/beast/http/status.hpp>

#include <charconv>

namespace aps {

namespace {

void append_status_line(std::string& to, const response_head& head) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, head.status);
  to.append("HTTP/1.1 ").append(digits, end.ptr).append(" ");
  if (!head.reason.empty() && is_field_value(head.reason))
    to.append(head.reason);
  else
    to.append(reason_of(head.status));
  to.append("\r\n");
}

/// Calls `emit(name, value)` for each field of the target that is passed on.
template <class Emit>
void visit_passed(const header_list& headers, bool ours, Emit&& emit) {
  for (const auto& [name, value] : headers)
    if (!is_hop_by_hop(name) && (ours || !is_own_field(name)))
      emit(std::string_view{name}, std::string_view{value});
}

/// The same for all fields of a final answer but those of a connection.
template <class Emit>
void visit_final(const response_head& head, const response_context& context,
                 Emit&& emit) {
  visit_passed(head.headers, context.ours, emit);
  // RFC 9110, 6.6.1: whoever receives one without it adds it.
  if (!find_header(head.headers, "date"))
    emit("Date", http_date());
  emit("Via", std::string{"1.1 "}.append(context.pseudonym));
  emit("Aps-Request-Id", context.request_id);
  if (!find_header(head.headers, "x-request-id"))
    emit("X-Request-Id", context.request_id);
  if (context.hsts > 0
      && !find_header(head.headers, "strict-transport-security"))
    emit("Strict-Transport-Security",
         "max-age=" + std::to_string(context.hsts));
}

/// Adds what can be said in a field, like `append_field`.
void add_field(header_list& to, std::string_view name,
               std::string_view value) {
  if (is_token(name) && is_field_value(value)) // RFC 9113, 8.2.1: no blanks
    to.push_back({std::string{name}, std::string{trimmed(value)}});
}

void append_length(std::string& to, uint64_t length) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, length);
  to.append("Content-Length: ").append(digits, end.ptr).append("\r\n");
}

void append_framing(std::string& to, const response_head& head,
                    body_framing framing) {
  if (framing == body_framing::chunked)
    to.append("Transfer-Encoding: chunked\r\n");
  else if (framing == body_framing::length)
    append_length(to, head.content_length.value_or(0));
  else if (framing == body_framing::none && head.content_length
           && head.status >= 200 && head.status != 204)
    append_length(to, *head.content_length); // HEAD, 304: what a GET would get
}

void append_connection(std::string& to, const response_head& head,
                       const response_context& context) {
  if (head.status == 101) {
    to.append("Connection: Upgrade\r\n");
    if (const auto* field = find_header(head.headers, "upgrade"))
      append_field(to, "Upgrade", field->value);
  } else if (!context.keep_alive) {
    to.append("Connection: close\r\n");
  } else if (context.version < 11) {
    to.append("Connection: keep-alive\r\n");
  }
}

} // namespace

body_framing choose_framing(const response_head& head,
                            response_context& context) noexcept {
  if (head.status == 101)
    return body_framing::raw;
  if (context.head_request || is_bodiless(head.status))
    return body_framing::none;
  if (head.content_length || head.last)
    return body_framing::length;
  if (context.version >= 11)
    return body_framing::chunked;
  context.keep_alive = false;
  return body_framing::until_close;
}

void append_response_head(std::string& to, const response_head& head,
                          body_framing framing,
                          const response_context& context) {
  append_status_line(to, head);
  visit_final(head, context, [&to](std::string_view name,
                                   std::string_view value) {
    append_field(to, name, value);
  });
  append_framing(to, head, framing);
  append_connection(to, head, context);
  to.append("\r\n");
}

void append_interim_head(std::string& to, const response_head& head) {
  append_status_line(to, head);
  visit_passed(head.headers, false,
               [&to](std::string_view name, std::string_view value) {
                 append_field(to, name, value);
               });
  to.append("\r\n");
}

header_list response_fields(const response_head& head,
                            const response_context& context) {
  header_list out;
  out.reserve(head.headers.size() + 5);
  visit_final(head, context,
              [&out](std::string_view name, std::string_view value) {
                add_field(out, name, value);
              });
  if (head.content_length && head.status >= 200 && head.status != 204)
    out.push_back({"Content-Length", std::to_string(*head.content_length)});
  return out;
}

header_list interim_fields(const response_head& head) {
  header_list out;
  visit_passed(head.headers, false,
               [&out](std::string_view name, std::string_view value) {
                 add_field(out, name, value);
               });
  return out;
}

bool is_bodiless(unsigned status) noexcept {
  return status / 100 == 1 || status == 204 || status == 304;
}

std::string_view reason_of(unsigned status) noexcept {
  namespace http = boost::beast::http;
  if (status == 499)
    return "Client Closed Request";
  const auto known = http::int_to_status(status);
  if (known == http::status::unknown)
    return "Unknown";
  const auto text = http::obsolete_reason(known);
  return {text.data(), text.size()};
}

} // namespace aps
