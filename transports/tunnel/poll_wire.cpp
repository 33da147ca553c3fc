#include "transports/tunnel/poll_wire.hpp"

#include <charconv>

namespace aps {

std::optional<uint64_t> to_number(std::string_view text) noexcept {
  uint64_t result = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, result);
  if (error != std::errc{} || at != end)
    return std::nullopt;
  return result;
}

std::optional<uint64_t> number_in(const header_list& headers,
                                  std::string_view name) noexcept {
  const auto* field = find_header(headers, name);
  return field ? to_number(field->value) : std::nullopt;
}

std::string poll_request_head(std::string_view path, std::string_view authority,
                              const header_list& headers, size_t body_bytes) {
  std::string result;
  result.reserve(320);
  result.append("POST ").append(path).append(" HTTP/1.1\r\nHost: ");
  result.append(authority).append("\r\n");
  for (const auto& [name, value] : headers)
    result.append(name).append(": ").append(value).append("\r\n");
  // no-transform: a batch is not to be compressed or scanned on its way.
  result.append("Cache-Control: no-store, no-transform\r\n"
                "Content-Type: application/octet-stream\r\n"
                "Content-Length: ");
  result.append(std::to_string(body_bytes)).append("\r\n\r\n");
  return result;
}

} // namespace aps
