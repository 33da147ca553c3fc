#pragma once

#include "transports/seam/slice.hpp"

#include <cassert>
#include <deque>
#include <utility>

namespace aps {

/// Bytes in a row, in the pieces that they came in.
using pieces = std::deque<slice>;

/// Takes the first piece, or what of it is within `most` bytes.
/// Precondition: there is one, and `most` is not 0.
inline slice take_front(pieces& from, size_t most) {
  assert(!from.empty() && most > 0);
  auto& first = from.front();
  if (first.size() > most) {
    auto out = first.sub(0, most);
    first = first.sub(most);
    return out;
  }
  auto out = std::move(first);
  from.pop_front();
  return out;
}

/// `bytes`, whose block takes `retained`, as they may wait for long: shared, or
/// a copy if the block is much larger (`max_kept_per_byte`).
inline slice keepable(const slice& bytes, size_t retained) {
  return bytes.owner() && retained <= max_kept_per_byte * bytes.size()
           ? bytes
           : slice::copy(bytes.view());
}

} // namespace aps
