#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

namespace wire {
struct field_limit;
} // namespace wire

/// Bytes of one message. What its frames may hold stands in wire_limits.hpp.
inline constexpr size_t max_message_bytes = 4 * 1024 * 1024;

/// Until an agent is welcome it may send no more than this.
inline constexpr size_t unauthenticated_bytes = 64 * 1024;

/// Messages below this size are copied as they are decoded, so that no frame
/// keeps a buffer that is mostly something else, and the buffer is reused.
inline constexpr size_t min_shared_message = 8 * 1024;

/// What a sender puts into one message, see frame_queue::pop_batch.
inline constexpr size_t target_batch_bytes = 256 * 1024;
inline constexpr size_t target_batch_frames = 4 * 1024;

enum class codec_error : uint8_t {
  none,
  malformed, ///< not a Batch, or a value that no peer may send
  too_large, ///< a field, or several together, above the table's limit
};

/// What is wrong with a message.
struct codec_fault {
  codec_error error = codec_error::none;
  const wire::field_limit* field = nullptr; ///< of `too_large`
  uint64_t amount = 0;                      ///< what it holds, at least

  bool operator==(codec_error other) const noexcept { return error == other; }
};

/// One sentence for humans, with the field's name where there is one.
std::string render(const codec_fault& fault);

/// The name of the field, e.g. "hello.endpoint"; empty without one.
std::string_view field_of(const codec_fault& fault) noexcept;

/// Writes batches as aps.tunnel.v1.Batch (proto/aps/tunnel/v1/tunnel.proto),
/// byte by byte what Protobuf's own classes write. Payloads of 1 KiB and more
/// are not copied: the result is a list of parts that share them. Reuses its
/// memory where nobody else holds it. Not thread-safe.
class batch_encoder {
 public:
  /// The parts of the message in order. They stay valid as long as their
  /// owners; the list itself until the next call.
  const std::vector<slice>& encode(const frame_batch& frames);

  /// Bytes of the last message.
  size_t size() const noexcept { return size_; }

  /// Lets go of the payloads of the last message.
  void clear() noexcept { parts_.clear(); }

 private:
  uint8_t* reserve(size_t bytes);

  std::shared_ptr<char[]> block_;
  size_t capacity_ = 0;
  std::vector<slice> parts_;
  std::vector<size_t> body_sizes_;
  size_t size_ = 0;
};

/// Reads one message and appends its frames to `out`; after an error `out`
/// holds nothing useful. Unknown fields and kinds are skipped.
///
/// `retained` is what one slice of `message` keeps in memory, usually the
/// capacity of the buffer. Payloads that are a good part of it share the
/// owner of `message`, the others are copied. A message without owner is only
/// lent: then all payloads are copied.
codec_fault decode(const slice& message, size_t retained, frame_batch& out);

} // namespace aps
