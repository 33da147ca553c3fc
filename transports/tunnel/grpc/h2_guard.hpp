#pragma once

#include "transports/net/first_bytes.hpp"
#include "transports/seam/executor.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aps {

/// What an agent's HTTP/2 connection may do before it is closed. An honest
/// agent opens one stream and sends hardly any control frames.
struct h2_limits {
  uint32_t streams = 8;               ///< HEADERS frames, ever
  uint32_t header_bytes = 16 * 1024;  ///< HEADERS and CONTINUATION, ever
  uint32_t control_per_second = 128;  ///< RST_STREAM, SETTINGS, PING, ...
  uint64_t unauthenticated_bytes = 64 * 1024;
};

enum class h2_verdict : uint8_t {
  ok,
  bad_preface,
  too_many_streams,
  header_flood,
  control_flood,
  unauthenticated_flood,
};

/// One sentence for humans.
std::string_view render(h2_verdict verdict) noexcept;

/// Watches what a client sends on an HTTP/2 connection before gRPC sees it:
/// gRPC 1.51 itself is open to rapid reset (CVE-2023-44487) and its kin. Reads
/// only the frame headers (RFC 9113, 4.1). Pure; not thread-safe.
class h2_guard {
 public:
  explicit h2_guard(const h2_limits& limits = {}) : limits_(limits) {}

  /// Judges the next bytes of the connection. Anything but `ok` is final:
  /// the bytes must not be passed on.
  h2_verdict feed(std::string_view bytes, time_point now);

  /// The other side showed who it is.
  void authenticated() noexcept { authenticated_ = true; }

 private:
  h2_verdict take_preface(std::string_view& bytes);
  h2_verdict on_frame_header(time_point now);
  h2_verdict on_control(time_point now);

  h2_limits limits_;
  bool authenticated_ = false;
  uint64_t received_ = 0;
  size_t preface_ = 0;                // bytes of the preface seen
  std::array<uint8_t, 9> header_{};   // of the frame that begins
  size_t have_ = 0;                   // bytes of it seen
  uint32_t skip_ = 0;                 // payload bytes to come
  uint32_t streams_ = 0;
  uint32_t header_bytes_ = 0;
  uint32_t control_ = 0;
  time_point window_start_{};
};

} // namespace aps
