#pragma once

#include "transports/front/compression/compressor.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/limits/byte_budget.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace aps {

/// What all compressors of a server may take of memory together, bytes.
inline constexpr size_t most_compression_bytes = 256u << 20;

/// What visitors of a mapping get of compression.
struct wanted_compression {
  config::compression settings;
  std::optional<config::content_coding> coding; ///< nothing = Vary alone
};

/// The body of one answer on its way to a visitor that gets it encoded. Credit
/// for the target follows what the visitor took: each byte that came counts as
/// gone once all that became of it is. Not thread-safe.
class encoded_body {
 public:
  /// Ready for the body of an answer; changes its head. Null = the body stays
  /// as it is, since the visitor wants none, or `memory` has none left.
  static std::unique_ptr<encoded_body>
  begin(response_head& answer, const wanted_compression& wanted,
        std::shared_ptr<byte_budget> memory);

  /// What is sent for a piece, all of it; nothing = it is lost.
  std::optional<slice> add(const slice& bytes);

  /// What is sent at the end.
  std::optional<slice> finish();

  /// So many bytes of what was given out were sent; how many of those that came
  /// are gone with them.
  size_t sent(size_t bytes);

 private:
  struct step {
    uint64_t end = 0; ///< of what was given out, when it was
    size_t came = 0;
  };

  encoded_body(byte_share memory, std::unique_ptr<compressor> by)
      : memory_(std::move(memory)), by_(std::move(by)) {}
  std::optional<slice> encode(std::string_view bytes, compressor::more more);

  byte_share memory_;
  std::unique_ptr<compressor> by_;
  std::deque<step> steps_;
  uint64_t given_ = 0;
  uint64_t sent_ = 0;
};

} // namespace aps
