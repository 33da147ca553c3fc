#include "transports/tunnel/poll/poll_wire.hpp"

#include <algorithm>
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

bool read_poll_request(std::string_view path, const header_list& headers,
                       poll_request& to) {
  if (path == poll_down_path) {
    const auto received = number_in(headers, poll_received_field);
    const auto hold = number_in(headers, poll_hold_field).value_or(0);
    const std::chrono::milliseconds limit{max_poll_hold};
    to.verb = poll_verb::down;
    to.number = received.value_or(0);
    to.hold = std::chrono::milliseconds{
      std::min<uint64_t>(hold, static_cast<uint64_t>(limit.count()))};
    return received.has_value();
  }
  if (path == poll_up_path) {
    to.verb = poll_verb::up;
    to.number = number_in(headers, poll_batch_field).value_or(0);
    return to.number > 0;
  }
  to.verb = poll_verb::close;
  const auto code = number_in(headers, poll_close_field);
  to.code = static_cast<uint16_t>(code.value_or(0));
  return path == poll_close_path && code && *code <= UINT16_MAX;
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
