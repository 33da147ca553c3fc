#include "transports/tunnel/grpc/grpc_wire.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aps {

std::array<char, grpc_prefix_bytes> grpc_prefix(size_t bytes) noexcept {
  return {0, static_cast<char>(bytes >> 24), static_cast<char>(bytes >> 16),
          static_cast<char>(bytes >> 8), static_cast<char>(bytes)};
}

grpc_reader::fault grpc_reader::begin() {
  if (prefix_[0] != 0)
    return fault::compressed;
  size_ = 0;
  for (size_t i = 1; i < grpc_prefix_bytes; ++i)
    size_ = size_ << 8 | prefix_[i];
  filled_ = 0;
  return size_ > most_ ? fault::too_large : fault::none;
}

grpc_reader::fault grpc_reader::read(slice& from, size_t retained,
                                     std::optional<message>& out) {
  out.reset();
  if (have_ < grpc_prefix_bytes) {
    const auto n = std::min(grpc_prefix_bytes - have_, from.size());
    std::memcpy(prefix_.data() + have_, from.data(), n);
    have_ += n;
    from = from.sub(n);
    if (have_ < grpc_prefix_bytes)
      return fault::none;
    if (const auto found = begin(); found != fault::none)
      return found;
  }
  if (!block_ && from.size() >= size_) {
    out = message{from.sub(0, size_), retained};
    from = from.sub(size_);
    have_ = 0;
    return fault::none;
  }
  if (!block_)
    block_ = std::make_shared_for_overwrite<char[]>(size_);
  const auto n = std::min(size_ - filled_, from.size());
  std::memcpy(block_.get() + filled_, from.data(), n);
  filled_ += n;
  from = from.sub(n);
  if (filled_ == size_) {
    const std::string_view whole{block_.get(), size_};
    out = message{{std::move(block_), whole}, size_};
    block_ = nullptr;
    have_ = 0;
  }
  return fault::none;
}

} // namespace aps
