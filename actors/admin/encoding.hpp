#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace aps::admin {

/// Whether who sends this Accept-Encoding takes gzip, and wants the plain form
/// no more than that (RFC 9110, 12.5.3).
bool prefers_gzip(std::string_view accept_encoding);

/// Whether an If-None-Match names `tag`, or any; compared weakly (RFC 9110,
/// 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

/// Compresses piece by piece, as it comes, so that no step is long.
class gzip_stream {
 public:
  enum class effort : uint8_t {
    quick, ///< for what is sent once or twice
    best,  ///< for what is kept
  };

  explicit gzip_stream(effort effort);

  void add(std::string_view piece);

  /// All of it; nothing may be added any longer.
  std::string finish();

 private:
  struct free_stream {
    void operator()(z_stream_s* stream) const;
  };

  void deflate(std::string_view piece, int flush);

  std::unique_ptr<z_stream_s, free_stream> stream_;
  std::string out_;
};

/// The entity tag of a JSON text, piece by piece. What only tells how late it
/// is (`time_ms`, `uptime_seconds`...) does not count, so the tag is a weak one.
/// A piece does not end inside a member's name or number.
class content_tag {
 public:
  void add(std::string_view piece);

  /// As in the header ETag.
  std::string text() const;

 private:
  void mix(std::string_view bytes);

  uint64_t sum_ = 14695981039346656037u;
};

} // namespace aps::admin
