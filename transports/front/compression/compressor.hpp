#pragma once

#include "config/answers/compression.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// Makes a body smaller while it comes. What one call gives is all that there
/// is of what was put in so far, so nobody waits for bytes that are here. Not
/// thread-safe.
class compressor {
 public:
  enum class more : bool { no, yes };

  virtual ~compressor() = default;

  /// Adds what becomes of `bytes` to `out`. Nothing follows `more::no`. False =
  /// the library gave up, and the body is lost.
  virtual bool add(std::string_view bytes, more more, std::string& out) = 0;
};

/// One for a body, of that length if it is known; null when there is no memory
/// for it.
std::unique_ptr<compressor> make_compressor(config::content_coding coding,
                                            std::optional<uint64_t> length
                                            = std::nullopt);

/// What one takes at most, bytes.
size_t memory_of(config::content_coding coding) noexcept;

} // namespace aps
