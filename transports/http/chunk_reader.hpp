#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aps {

/// Takes a chunked body apart (RFC 9112, 7.1). Chunk extensions are dropped,
/// and blanks behind a size are no matter; each line ends in CRLF, as the
/// framing depends on it. Pure; not thread-safe.
class chunk_reader {
 public:
  enum class result : uint8_t {
    need_more, ///< nothing can be taken without more bytes
    framing,   ///< bytes without payload were taken
    size,      ///< a chunk of `size()` bytes begins; 0 = the trailer section
    payload,   ///< the bytes taken are payload
    malformed,
    too_large, ///< a line over the limit
  };

  explicit chunk_reader(size_t max_line) : max_line_(max_line) {}

  void reset() noexcept { *this = chunk_reader{max_line_}; }

  /// Takes `taken` bytes from the front of `bytes`, of payload at most
  /// `budget`. After a size of 0 the rest belongs to the caller.
  result next(std::string_view bytes, size_t budget, size_t& taken) noexcept;

  uint64_t size() const noexcept { return size_; }

  /// The last chunk was seen; the trailer section follows.
  bool in_trailers() const noexcept { return state_ == state::trailers; }

 private:
  enum class state : uint8_t { line, payload, line_end, trailers };

  result read_line(std::string_view bytes, size_t& taken) noexcept;

  size_t max_line_;
  state state_ = state::line;
  uint64_t size_ = 0;
  uint64_t left_ = 0; // of the chunk
};

} // namespace aps
