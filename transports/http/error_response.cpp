#include "transports/http/error_response.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/http_date.hpp"
#include "transports/http/response_writer.hpp"

namespace aps {

namespace {

void append_json_string(std::string& to, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      to.append(1, '\\').append(1, c);
    else if (byte < 0x20 || byte >= 0x7f) // never trust foreign encodings
      to.append("\\u00").append(1, digits[byte >> 4]).append(1,
                                                          digits[byte & 15]);
    else
      to += c;
  }
  to += '"';
}

std::string json_body(const error_reply& reply, unsigned status) {
  std::string body = "{\"status\":" + std::to_string(status);
  const auto member = [&](std::string_view name, std::string_view value) {
    if (value.empty())
      return;
    body.append(",\"").append(name).append("\":");
    append_json_string(body, value);
  };
  member("outcome", to_string(reply.what));
  member("message", render(reply.what));
  member("detail", reply.detail);
  member("request_id", reply.request_id);
  return body += "}\n";
}

std::string text_body(const error_reply& reply, unsigned status) {
  std::string body = std::to_string(status);
  body.append(" ").append(reason_of(status)).append("\n\n");
  body.append(render(reply.what)).append("\n");
  if (!reply.detail.empty())
    body.append(reply.detail).append("\n");
  body.append("\nOutcome: ").append(to_string(reply.what)).append("\n");
  if (!reply.request_id.empty())
    body.append("Request: ").append(reply.request_id).append("\n");
  return body;
}

// The media type of an Accept element, unless its weight is zero.
std::string_view media_type(std::string_view element) noexcept {
  const auto semicolon = element.find(';');
  const auto type = trimmed(element.substr(0, semicolon));
  if (semicolon == element.npos)
    return type;
  const auto weight = trimmed(element.substr(semicolon + 1));
  const bool zero = weight.starts_with("q=0")
                    && weight.find_first_not_of("0.", 3) == weight.npos;
  return zero ? std::string_view{} : type;
}

} // namespace

std::string render_error(const error_reply& reply) {
  const auto status = status_of(reply.what);
  const auto body = reply.json ? json_body(reply, status)
                               : text_body(reply, status);
  std::string out;
  out.reserve(384 + body.size());
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_of(status)).append("\r\n");
  append_field(out, "Date", http_date());
  append_field(out, "Content-Type",
               reply.json ? "application/json" : "text/plain; charset=utf-8");
  append_field(out, "Content-Length", std::to_string(body.size()));
  append_field(out, "Cache-Control", "no-store");
  append_field(out, "Aps-Outcome", to_string(reply.what));
  if (!reply.request_id.empty()) {
    append_field(out, "Aps-Request-Id", reply.request_id);
    append_field(out, "X-Request-Id", reply.request_id);
  }
  if (status == 503 || status == 429)
    append_field(out, "Retry-After", "1");
  append_field(out, "Connection", reply.keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  if (!reply.head_request)
    out.append(body);
  return out;
}

bool prefers_json(const header_list& headers) noexcept {
  enum { undecided, json, text } first = undecided;
  for (const auto& field : headers) {
    if (!iequals(field.name, "accept"))
      continue;
    for_each_element(field.value, [&](std::string_view element) {
      const auto type = media_type(element);
      if (first != undecided)
        return;
      if (iequals(type, "application/json") || type.ends_with("+json"))
        first = json;
      else if (iequals(type, "text/plain") || iequals(type, "text/html"))
        first = text;
    });
  }
  return first == json;
}

} // namespace aps
