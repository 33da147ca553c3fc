#pragma once

#include "transports/net/block_pool.hpp"
#include "transports/seam/slice.hpp"

#include <boost/asio/buffer.hpp>

#include <cassert>
#include <cstddef>
#include <memory>
#include <string_view>

namespace aps {

/// Where a socket is read to. Bytes are consumed at the front; slices may
/// share the block, which is used again once no slice refers to it. Starts
/// small and grows to `large` when a peer fills it, so that idle connections
/// are cheap and bulk data is read in big pieces. Not thread-safe.
class input_buffer {
 public:
  static constexpr size_t small = 4 * 1024;
  static constexpr size_t large = block_pool::block_size;

  /// Space for the next read. Bytes not consumed yet stay in front of it.
  /// `limit` bounds the read, bytes; 0 = the whole block.
  boost::asio::mutable_buffer prepare(size_t limit = 0);

  /// `bytes` of what `prepare` returned were filled.
  void commit(size_t bytes);

  /// Appends bytes that were read elsewhere.
  void append(std::string_view bytes);

  void consume(size_t bytes) noexcept {
    assert(bytes <= size());
    begin_ += bytes;
  }

  std::string_view data() const noexcept {
    return {block_ + begin_, end_ - begin_};
  }
  bool empty() const noexcept { return begin_ == end_; }
  size_t size() const noexcept { return end_ - begin_; }

  /// Keeps the current block; valid until the next `prepare` or `append`.
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

  /// What a slice of the current block keeps in memory, bytes.
  size_t capacity() const noexcept { return capacity_; }

  /// Payload pieces below this size are copied rather than shared.
  size_t share_from() const noexcept { return capacity_ / max_kept_per_byte; }

  /// Lets the block go when it is empty and bigger than an idle connection
  /// should keep.
  void shrink();

  /// Lets the block go when it is empty.
  void release();

 private:
  bool unshared() const noexcept;
  void make_room(size_t at_least);

  std::shared_ptr<const void> owner_;
  char* block_ = nullptr; // owned by owner_
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t offered_ = 0;
  size_t next_size_ = small;
};

} // namespace aps
