#pragma once

#include "transports/seam/slice.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Bytes of the body that one `feed` of a parser found. Large pieces share the
/// buffer that was fed; runs of small ones are joined into one slice of exactly
/// their size, so that a small payload never pins a big buffer.
class payload_collector {
 public:
  /// Pieces from `share_from` bytes on share `owner`.
  void begin(const std::shared_ptr<const void>* owner, size_t share_from) {
    owner_ = owner;
    share_from_ = share_from;
  }

  void add(std::string_view piece);

  /// Completes what `add` collected; `begin` must precede the next `add`.
  void end();

  std::vector<slice> slices;

 private:
  void flush();

  const std::shared_ptr<const void>* owner_ = nullptr;
  size_t share_from_ = 0;
  std::string_view small_;
  std::string joined_;
};

} // namespace aps
