#include "transports/http/payload_collector.hpp"

#include <cassert>

namespace aps {

void payload_collector::add(std::string_view piece) {
  assert(owner_);
  if (piece.size() >= share_from_) {
    flush();
    slices.emplace_back(*owner_, piece);
  } else if (small_.empty()) {
    small_ = piece;
  } else {
    if (joined_.empty())
      joined_ = small_;
    joined_ += piece;
    small_ = joined_;
  }
}

void payload_collector::end() {
  flush();
  owner_ = nullptr;
}

void payload_collector::flush() {
  if (!small_.empty())
    slices.push_back(slice::copy(small_));
  small_ = {};
  joined_.clear();
}

} // namespace aps
