#include "transports/origin/h2/h2_origin_heads.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/http2/h2_fields.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <stdexcept>

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

bool is_websocket(const request_head& head) noexcept {
  return head.method == "GET" && iequals(head.upgrade, "websocket");
}

std::optional<header_list> to_h2_request(const request_head& head) {
  const auto authority = authority_of(head);
  if (!is_token(head.method) || !is_visible(head.path)
      || !is_visible(authority))
    return std::nullopt;
  header_list out;
  out.reserve(head.headers.size() + 7);
  const bool socket = is_websocket(head);
  out.push_back({":method", socket ? "CONNECT" : head.method});
  if (socket)
    out.push_back({":protocol", "websocket"});
  out.push_back({":scheme", head.scheme});
  out.push_back({":authority", std::string{authority}});
  out.push_back({":path", head.path});
  for (const auto& [name, value] : head.headers)
    if (!is_hop_by_hop(name) && !iequals(name, "host") && is_token(name)
        && is_field_value(value)
        && !(socket && iequals(name, "sec-websocket-key")))
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

response_head_ptr to_switching(const response_head& granted,
                               std::string accept) {
  auto out = std::make_shared<response_head>(granted);
  out->status = 101;
  out->last = false;
  out->content_length.reset();
  out->headers.push_back({"Upgrade", "websocket"});
  out->headers.push_back({"Sec-WebSocket-Accept", std::move(accept)});
  return out;
}

std::string socket_accept(std::string_view key) {
  std::string text{key};
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), hash, &length, EVP_sha1(), nullptr)
      != 1)
    throw std::runtime_error("OpenSSL: SHA-1 failed");
  unsigned char out[2 * EVP_MAX_MD_SIZE];
  const auto size = EVP_EncodeBlock(out, hash, static_cast<int>(length));
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

} // namespace aps
