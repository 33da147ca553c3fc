#include "transports/seam/frame.hpp"

#include <algorithm>
#include <array>

namespace aps {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

size_t weight_of(const header_list& headers) noexcept {
  size_t sum = 0;
  for (const auto& field : headers)
    sum += field.name.size() + field.value.size() + 8;
  return sum;
}

struct weigher {
  size_t operator()(const request_frame& f) const noexcept {
    return 64 + f.head->path.size() + weight_of(f.head->headers);
  }
  size_t operator()(const response_frame& f) const noexcept {
    return 32 + weight_of(f.head->headers);
  }
  size_t operator()(const data_frame& f) const noexcept {
    return 24 + f.payload.size();
  }
  size_t operator()(const datagram_frame& f) const noexcept {
    return 24 + f.payload.size();
  }
  size_t operator()(const end_frame& f) const noexcept {
    return 24 + weight_of(f.trailers);
  }
  size_t operator()(const reset_frame& f) const noexcept {
    return 32 + f.message.size();
  }
  size_t operator()(const publish_frame& f) const noexcept {
    return 32 + weight_of(f.names);
  }
  size_t operator()(const published_frame& f) const noexcept {
    return 32 + weight_of(f.granted) + weight_of(f.refused);
  }
  template <class Other>
  size_t operator()(const Other&) const noexcept {
    return 32;
  }
};

} // namespace

bool is_idempotent(const request_head& head) noexcept {
  constexpr std::array<std::string_view, 6> methods{
    "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  if (head.kind() != exchange_kind::request)
    return false;
  return std::find(methods.begin(), methods.end(), head.method) != methods.end()
         || find_header(head.headers, "Idempotency-Key") != nullptr;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const auto c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string to_hex(const session_id& id) {
  return to_hex({reinterpret_cast<const char*>(id.data()), id.size()});
}

bool iequals(std::string_view x, std::string_view y) noexcept {
  if (x.size() != y.size())
    return false;
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i] != y[i] && lower(x[i]) != lower(y[i]))
      return false;
  return true;
}

const header* find_header(const header_list& headers,
                          std::string_view name) noexcept {
  for (const auto& field : headers)
    if (iequals(field.name, name))
      return &field;
  return nullptr;
}

std::string_view to_string(refusal why) noexcept {
  switch (why) {
    case refusal::bad_proof: return "bad-password";
    case refusal::version: return "version";
    case refusal::not_here: return "not-here";
    case refusal::disabled: return "disabled";
    case refusal::pool_full: return "pool-full";
    case refusal::draining: return "draining";
    case refusal::malformed: return "malformed";
    case refusal::replaced: return "replaced";
    case refusal::endpoints: return "endpoints";
    case refusal::not_secure: return "not-secure";
    case refusal::certificate: return "certificate";
  }
  return "refused";
}

std::string_view render(refusal why) noexcept {
  switch (why) {
    case refusal::bad_proof: return "unknown tunnel or wrong password";
    case refusal::version: return "no common protocol version";
    case refusal::not_here:
      return "the tunnel does not accept agents on this server";
    case refusal::disabled: return "this transport is disabled for the tunnel";
    case refusal::pool_full: return "the pool is full (max_pool_size)";
    case refusal::draining: return "the node is shutting down";
    case refusal::malformed: return "the hello is malformed";
    case refusal::replaced: return "a newer session of this agent is connected";
    case refusal::endpoints:
      return "the tunnel has max_endpoints endpoints already";
    case refusal::not_secure:
      return "the tunnel takes agents over TLS alone, all the way";
    case refusal::certificate:
      return "the tunnel wants a certificate of the agent for this endpoint";
  }
  return "refused";
}

size_t frame::weight() const noexcept {
  return std::visit(weigher{}, body);
}

} // namespace aps
