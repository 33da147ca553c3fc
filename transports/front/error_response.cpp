#include "transports/front/error_response.hpp"

#include "transports/front/pages/own_page.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/http_date.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/seam/quality.hpp"

#include <algorithm>

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
  member("outcome", to_string(reply.cause));
  member("message", render(reply.cause));
  member("detail", reply.detail);
  member("request_id", reply.request_id);
  return body += "}\n";
}

std::string text_body(const error_reply& reply, unsigned status) {
  std::string body = std::to_string(status);
  body.append(" ").append(reason_of(status)).append("\n\n");
  body.append(render(reply.cause)).append("\n");
  if (!reply.detail.empty())
    body.append(reply.detail).append("\n");
  body.append("\nOutcome: ").append(to_string(reply.cause)).append("\n");
  if (!reply.request_id.empty())
    body.append("Request: ").append(reply.request_id).append("\n");
  return body;
}

} // namespace

unsigned status_of(const error_reply& reply) noexcept {
  return reply.page ? reply.page->status : status_of(reply.cause);
}

std::string error_body(const error_reply& reply) {
  if (reply.page)
    return reply.page->body;
  const auto status = status_of(reply.cause);
  return reply.json ? json_body(reply, status) : text_body(reply, status);
}

header_list error_fields(const error_reply& reply, size_t body_size) {
  const auto status = status_of(reply.cause);
  header_list out{{"Date", std::string{http_date()}},
                  {"Content-Type", reply.page   ? reply.page->content_type
                                   : reply.json ? "application/json"
                                                : "text/plain; charset=utf-8"},
                  {"Content-Length", std::to_string(body_size)},
                  {"Cache-Control", "no-store"},
                  {"Aps-Outcome", std::string{to_string(reply.cause)}}};
  if (!reply.request_id.empty()) {
    out.push_back({"Aps-Request-Id", std::string{reply.request_id}});
    out.push_back({"X-Request-Id", std::string{reply.request_id}});
  }
  if (reply.fields)
    out.insert(out.end(), reply.fields->begin(), reply.fields->end());
  if ((status == 503 || status == 429) && !find_header(out, "retry-after"))
    out.push_back({"Retry-After", "1"});
  return out;
}

std::string render_error(const error_reply& reply) {
  const auto status = status_of(reply);
  const auto body = error_body(reply);
  std::string out;
  out.reserve(384 + body.size());
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_of(status)).append("\r\n");
  for (const auto& field : error_fields(reply, body.size()))
    append_field(out, field.name, field.value);
  append_field(out, "Connection", reply.keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  if (!reply.head_request)
    out.append(body);
  return out;
}

bool prefers_json(const header_list& headers) noexcept {
  unsigned best = 0;
  bool json = false;
  for (const auto& field : headers) {
    if (!iequals(field.name, "accept"))
      continue;
    for_each_element(field.value, [&](std::string_view element) {
      const auto type = trimmed(element.substr(0, element.find(';')));
      const auto quality
        = quality_of(element.substr(std::min(element.size(), type.size())));
      const auto is_json = iequals(type, "application/json")
                           || type.ends_with("+json");
      const auto is_text = iequals(type, "text/plain")
                           || iequals(type, "text/html");
      if ((is_json || is_text) && quality > best) {
        best = quality;
        json = is_json;
      }
    });
  }
  return json;
}

} // namespace aps
