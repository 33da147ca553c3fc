#pragma once

#include "transports/seam/foreign_text.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The one table of what each field of each frame may hold, for both
/// directions: the decoder refuses or cuts what is above, the encoder never
/// writes it. The comments of proto/aps/tunnel/v1/tunnel.proto say the same.
/// Private to the codec.
namespace aps::wire {

/// What happens to a value above its limit.
enum class excess : uint8_t {
  refuse, ///< costs the connection
  cut,    ///< counts as the limit; a text loses its end
  show,   ///< a text for humans: cut, and escaped by `foreign_text`
};

struct field_limit {
  uint8_t message; ///< number inside Frame, or one of those below
  uint8_t field;   ///< number inside that message
  std::string_view name;
  uint64_t most; ///< bytes of a text, the value of a number, a count
  excess beyond = excess::refuse;
};

inline constexpr uint8_t header_message = 0;
inline constexpr uint8_t frame_message = 1;
/// No message: what several fields of one hold together.
inline constexpr uint8_t sum_of = 21;
inline constexpr size_t messages = 22;
inline constexpr size_t max_field = 15;

inline constexpr uint64_t any_number = UINT64_MAX;
inline constexpr uint64_t any_offset = INT64_MAX;
inline constexpr uint64_t any_count = UINT32_MAX;
inline constexpr uint64_t one_bit = 1;
inline constexpr uint64_t longest_pause_ms = 24ull * 60 * 60 * 1000;
inline constexpr uint64_t name_bytes = max_foreign_name;
inline constexpr uint64_t text_bytes = max_foreign_text;
inline constexpr uint64_t secret_bytes = 64;
inline constexpr uint64_t word_bytes = 256;
inline constexpr uint64_t version_number = 65535;
inline constexpr uint64_t enum_number = 255;
inline constexpr uint64_t most_connections = 1024;

inline constexpr field_limit limits[] = {
  {header_message, 1, "header.name", max_head_bytes},
  {header_message, 2, "header.value", max_head_bytes},

  {frame_message, 1, "frame.exchange", any_number},

  {2, 1, "challenge.version", version_number},
  {2, 2, "challenge.nonce", secret_bytes},
  {2, 3, "challenge.node", name_bytes},
  {2, 4, "challenge.bound", one_bit, excess::cut},

  {3, 1, "hello.version", version_number},
  {3, 2, "hello.features", any_number},
  {3, 3, "hello.tunnel", name_bytes},
  {3, 4, "hello.endpoint", name_bytes},
  {3, 5, "hello.session", 16},
  {3, 6, "hello.nonce", secret_bytes},
  {3, 7, "hello.proof", secret_bytes},
  {3, 8, "hello.software", name_bytes, excess::show},
  {3, 9, "hello.instance", name_bytes},
  {3, 10, "hello.started_ms", any_offset},

  {4, 1, "welcome.features", any_number},
  {4, 2, "welcome.proof", secret_bytes},
  {4, 3, "welcome.connection", name_bytes, excess::show},
  {4, 4, "welcome.resume_time_ms", longest_pause_ms, excess::cut},
  {4, 5, "welcome.agents", any_count, excess::cut},
  {4, 6, "welcome.took_over", one_bit, excess::cut},

  {5, 1, "refused.code", enum_number, excess::cut},
  {5, 2, "refused.message", text_bytes, excess::show},
  {5, 3, "refused.retry_after_ms", longest_pause_ms, excess::cut},

  {6, 1, "request_head.attempt", any_count},
  {6, 2, "request_head.method", max_method_bytes},
  {6, 3, "request_head.scheme", max_scheme_bytes},
  {6, 4, "request_head.authority", max_authority_bytes},
  {6, 5, "request_head.path", max_head_bytes},
  {6, 6, "request_head.headers", 2 * max_head_bytes},
  {6, 7, "request_head.last", one_bit, excess::cut},
  {6, 8, "request_head.content_length", any_offset},
  {6, 9, "request_head.upgrade", max_upgrade_bytes},
  {6, 10, "request_head.window", max_response_window, excess::cut},
  {6, 11, "request_head.visitor", any_number},
  {6, 12, "request_head.protocol",
   static_cast<uint64_t>(origin_protocol::http2), excess::cut},
  {6, 13, "request_head.server_name", max_server_name_bytes},
  {6, 14, "request_head.proxy", static_cast<uint64_t>(proxy_version::v2)},
  {6, 15, "request_head.proxy_ends", name_bytes},

  {7, 1, "response_head.status", 999},
  {7, 2, "response_head.reason", text_bytes, excess::cut},
  {7, 3, "response_head.headers", 2 * max_head_bytes},
  {7, 4, "response_head.last", one_bit, excess::cut},
  {7, 5, "response_head.content_length", any_offset},

  {8, 1, "data.offset", any_offset},
  {8, 2, "data.payload", max_payload_bytes},
  {8, 3, "data.last", one_bit, excess::cut},
  {8, 4, "data.blocked", one_bit, excess::cut},

  {9, 1, "end.offset", any_offset},
  {9, 2, "end.trailers", 2 * max_head_bytes},

  {10, 1, "reset.code", enum_number, excess::cut},
  {10, 2, "reset.message", text_bytes, excess::show},

  {11, 1, "ack.offset", any_offset},
  {11, 2, "ack.window", max_grown_window, excess::cut},
  {11, 3, "ack.ended", one_bit, excess::cut},

  {12, 1, "ping.token", any_number},
  {13, 1, "pong.token", any_number},

  {14, 1, "open_connections.transport", enum_number, excess::cut},
  {14, 2, "open_connections.count", most_connections, excess::cut},
  {14, 3, "open_connections.reason", word_bytes, excess::show},
  {14, 4, "open_connections.total", most_connections, excess::cut},

  {15, 1, "drain.reason", word_bytes, excess::show},
  {15, 2, "drain.replace", one_bit, excess::cut},

  {16, 1, "resume.attempt", any_count},
  {16, 2, "resume.received", any_offset},
  {16, 3, "resume.heads", max_interim_heads + 1},

  {17, 1, "resumed.attempt", any_count},
  {17, 2, "resumed.known", one_bit, excess::cut},
  {17, 3, "resumed.received", any_offset},
  {17, 4, "resumed.ended", one_bit, excess::cut},

  {18, 1, "publish.serial", any_count},
  {18, 2, "publish.names", 2 * max_head_bytes},

  {19, 1, "published.serial", any_count},
  {19, 2, "published.granted", 2 * max_head_bytes},
  {19, 3, "published.refused", 2 * max_head_bytes},

  {20, 1, "datagram.offset", any_offset},
  {20, 2, "datagram.payload", max_datagram_bytes},

  {sum_of, 1, "batch.frames", 16 * 1024},
  {sum_of, 2, "batch.headers", 64 * 1024},
  {sum_of, 3, "head.fields", max_head_fields},
  {sum_of, 4, "head.bytes", max_head_bytes},
};

namespace detail {

constexpr auto make_index() {
  std::array<std::array<uint8_t, max_field + 1>, messages> result{};
  for (size_t i = 0; i < std::size(limits); ++i)
    result[limits[i].message][limits[i].field] = static_cast<uint8_t>(i + 1);
  return result;
}

inline constexpr auto index = make_index();

} // namespace detail

/// The row of a field; null = a field that we do not know.
constexpr const field_limit* limit_of(size_t message, size_t field) noexcept {
  if (message >= messages || field > max_field)
    return nullptr;
  const auto at = detail::index[message][field];
  return at == 0 ? nullptr : &limits[at - 1];
}

inline constexpr const auto& batch_frames = *limit_of(sum_of, 1);
inline constexpr const auto& batch_headers = *limit_of(sum_of, 2);
inline constexpr const auto& head_fields = *limit_of(sum_of, 3);
inline constexpr const auto& head_bytes = *limit_of(sum_of, 4);

} // namespace aps::wire
