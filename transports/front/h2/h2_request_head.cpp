#include "transports/front/h2/h2_request_head.hpp"

#include "transports/http2/h2_fields.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <charconv>
#include <optional>
#include <string>

namespace aps {

namespace {

// RFC 6455, 4.1: sixteen bytes that differ each time, in Base64.
std::string socket_key(std::string_view seed) {
  assert(seed.size() >= 16);
  unsigned char out[32];
  const auto size = EVP_EncodeBlock(
    out, reinterpret_cast<const unsigned char*>(seed.data()), 16);
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

std::optional<uint64_t> length_of(const header_list& fields) {
  const auto* field = find_header(fields, "content-length");
  if (!field)
    return std::nullopt;
  uint64_t out = 0;
  std::from_chars(field->value.data(),
                  field->value.data() + field->value.size(), out);
  return out; // nghttp2 checked it
}

// Cookies may come in pieces (RFC 9113, 8.2.3).
void join_cookies(header_list& fields) {
  header* first = nullptr;
  std::erase_if(fields, [&first](header& field) {
    if (field.name != "cookie")
      return false;
    if (!first) {
      first = &field;
      return false;
    }
    first->value.append("; ").append(field.value);
    return true;
  });
}

message_head to_message_head(header_list fields, bool last) {
  message_head out;
  out.version = 20;
  out.keep_alive = true;
  out.has_body = !last;
  std::string authority;
  header_list rest;
  rest.reserve(fields.size() + 1);
  rest.emplace_back(); // Host goes first
  for (auto& field : fields) {
    if (field.name == ":method")
      out.method = std::move(field.value);
    else if (field.name == ":path")
      out.target = std::move(field.value);
    else if (field.name == ":authority")
      authority = std::move(field.value);
    else if (!field.name.starts_with(':'))
      rest.push_back(std::move(field));
  }
  // RFC 9113, 8.3.1: a Host beside it says the same, or is wrong.
  if (!authority.empty()) {
    std::erase_if(rest,
                  [](const header& field) { return field.name == "host"; });
    if (rest.empty())
      rest.emplace_back();
    rest.front() = {"host", std::move(authority)};
  } else {
    rest.erase(rest.begin());
  }
  out.headers = std::move(rest);
  join_cookies(out.headers);
  out.content_length = length_of(out.headers);
  return out;
}

// RFC 8441, 5: what HTTP/1.1 says of a WebSocket beside its other fields.
void make_upgrade(message_head& head, std::string_view seed) {
  head.method = "GET";
  head.upgrade = true;
  head.has_body = false;
  head.content_length.reset();
  std::erase_if(head.headers, [](const header& field) {
    return field.name == "sec-websocket-key";
  });
  head.headers.push_back({"Connection", "Upgrade"});
  head.headers.push_back({"Upgrade", "websocket"});
  head.headers.push_back({"Sec-WebSocket-Key", socket_key(seed)});
}

} // namespace

message_head from_h2_request(header_list fields, bool last,
                             std::string_view seed) {
  const std::string protocol{value_of(fields, ":protocol")};
  auto out = to_message_head(std::move(fields), last);
  if (protocol == "websocket")
    make_upgrade(out, seed);
  else if (!protocol.empty())
    out.method = "CONNECT";
  return out;
}

} // namespace aps
