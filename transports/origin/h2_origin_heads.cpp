#include "transports/origin/h2_origin_heads.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/http2/h2_fields.hpp"

#include <charconv>

namespace aps {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& to) noexcept {
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, to);
  return error == std::errc{} && stop == end;
}

// What an HTTP/1.1 request says beside its fields: one name for each.
std::string_view authority_of(const request_head& head) noexcept {
  const auto* host = find_header(head.headers, "host");
  return host && !host->value.empty() ? std::string_view{host->value}
                                      : std::string_view{head.authority};
}

} // namespace

std::optional<header_list> to_h2_request(const request_head& head) {
  const auto authority = authority_of(head);
  if (!is_token(head.method) || !is_visible(head.path)
      || !is_visible(authority))
    return std::nullopt;
  header_list out;
  out.reserve(head.headers.size() + 6);
  out.push_back({":method", head.method});
  out.push_back({":scheme", head.scheme});
  out.push_back({":authority", std::string{authority}});
  out.push_back({":path", head.path});
  for (const auto& [name, value] : head.headers)
    if (!is_hop_by_hop(name) && !iequals(name, "host") && is_token(name)
        && is_field_value(value))
      out.push_back({name, value});
  if (head.content_length)
    out.push_back({"content-length", std::to_string(*head.content_length)});
  out.push_back({"te", "trailers"});
  return out;
}

response_head_ptr from_h2_response(header_list fields, bool last,
                                   bool head_request) {
  auto out = std::make_shared<response_head>();
  if (!read_number(value_of(fields, ":status"), out->status)
      || out->status == 101)
    return nullptr;
  uint64_t length = 0;
  if (out->status >= 200 && out->status != 204
      && read_number(value_of(fields, "content-length"), length))
    out->content_length = length;
  std::erase_if(fields, [](const header& field) {
    return field.name.starts_with(':') || is_hop_by_hop(field.name);
  });
  out->headers = std::move(fields);
  out->last
    = !out->interim() && (last || head_request || is_bodiless(out->status));
  return out;
}

} // namespace aps
