#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/limits/token_bucket.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace aps {

/// What the other side of an HTTP/2 connection may do before the connection
/// is ended. On top of what nghttp2 enforces by itself: frames that cost
/// nothing to send, and sizes that it only announces.
struct h2_profile {
  static constexpr uint32_t any = std::numeric_limits<uint32_t>::max();

  uint32_t requests = any;             ///< HEADERS frames, ever
  uint32_t total_header_bytes = any;   ///< of header blocks on the wire, ever
  uint32_t header_bytes = 16 * 1024;   ///< of one block, on the wire and decoded
  uint32_t header_fields = 128;        ///< of one block
  uint32_t control_per_second = 128;   ///< frames that carry nothing
  uint32_t control_per_request = 0;    ///< as many more for each request
  uint32_t early_bytes = 64 * 1024;    ///< of all kinds, until it is admitted
  uint32_t streams = 8;                ///< open at once
  uint32_t resets = 16;                ///< by the client, in a burst
  uint32_t resets_per_second = 8;      ///< and faults that make us reset
  uint32_t inflated_bytes = 1024 * 1024; ///< in a burst, see `on_field`
  uint32_t inflated_per_second = 1024 * 1024;
};

/// Until the first request says who speaks, and for agents for ever: an honest
/// agent opens one stream and sends hardly any control frames.
inline constexpr h2_profile agent_profile{.requests = 8,
                                          .total_header_bytes = 16 * 1024};

enum class h2_verdict : uint8_t {
  ok,
  too_many_requests,
  header_flood,
  control_flood,
  fault_flood,
  reset_flood,
  early_flood,
};

/// One sentence for humans.
std::string_view render(h2_verdict verdict) noexcept;

/// Judges frames by their type and length before their payload is read
/// (RFC 9113, 10.5). Anything but `ok` is final. Pure; not thread-safe.
class h2_counts {
 public:
  explicit h2_counts(const h2_profile& profile) : profile_(profile) {}

  /// Other limits from now on; what was counted stays counted.
  void adopt(const h2_profile& profile) noexcept { profile_ = profile; }

  const h2_profile& profile() const noexcept { return profile_; }

  /// Bytes came, of whatever kind.
  h2_verdict on_bytes(size_t bytes) noexcept;

  /// A frame begins.
  h2_verdict on_frame(uint8_t type, size_t length, time_point now) noexcept;

  /// A field of the current block was decoded: what is small on the wire may
  /// be large in memory, and for whoever gets it next. So what all blocks have
  /// beyond their bytes on the wire is limited by time, too.
  h2_verdict on_field(size_t name, size_t value) noexcept;

  /// We reset a stream as it breaks the rules, which costs us what a reset of
  /// the peer's own does.
  h2_verdict on_fault(time_point now) noexcept;

  /// The client gives a stream up. nghttp2 counts that as well, but takes all
  /// that was read by then, and goes on for ever beside a stream that is open.
  h2_verdict on_reset(time_point now) noexcept;

  /// A request came that is none by the rules.
  h2_verdict on_bad_request() noexcept;

  /// We sent a DATA frame; answers to it are no flood.
  void on_data_sent() noexcept { spare_window_updates_ += updates_per_data; }

  /// We ended a stream before the peer did, which may have sent so many bytes
  /// more by then.
  void on_rest(uint32_t bytes) noexcept { rest_bytes_ += bytes; }

  /// Who speaks is known.
  void admit() noexcept { admitted_ = true; }
  bool is_admitted() const noexcept { return admitted_; }

 private:
  /// WINDOW_UPDATE frames that one DATA frame may cause: a peer may send one
  /// for the stream and one for the connection at each of its reads.
  static constexpr uint32_t updates_per_data = 16;

  /// Bytes of frames that nobody knows (RFC 9113, 4.1), in all and for each
  /// request: they are skipped unseen.
  static constexpr uint64_t unknown_bytes = 64 * 1024;
  static constexpr uint64_t unknown_bytes_per_request = 64;
  static constexpr uint32_t bad_requests = 100;

  h2_verdict on_block(size_t length, bool first, time_point now) noexcept;
  h2_verdict on_control(time_point now) noexcept;

  h2_profile profile_;
  bool admitted_ = false;
  uint64_t bytes_ = 0;
  uint64_t known_bytes_ = 0; // of frames that `on_frame` was told of
  uint64_t rest_bytes_ = 0;  // of streams that we ended
  uint32_t bad_requests_ = 0;
  uint32_t requests_ = 0;
  uint64_t total_header_bytes_ = 0;
  uint64_t block_bytes_ = 0;   // of the current block, on the wire
  uint64_t decoded_bytes_ = 0; // and decoded
  uint32_t fields_ = 0;
  time_point block_at_{};
  uint32_t control_ = 0;
  uint64_t spare_control_ = 0;       // of the requests
  uint64_t spare_window_updates_ = 0; // of DATA that we sent
  time_point second_{};
  token_bucket faults_;
  token_bucket resets_;
  token_bucket inflated_;
};

} // namespace aps
