#include "transports/net/input_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace aps {

namespace {

// A read into the tail of a block is worth a system call only when the tail is
// not tiny; but what is left empty is kept with the block by whoever stalls.
constexpr size_t shortest_read = 4 * 1024;

} // namespace

boost::asio::mutable_buffer input_buffer::prepare(size_t limit) {
  make_room(std::min(next_size_ / 4, shortest_read));
  offered_ = capacity_ - end_;
  if (limit > 0)
    offered_ = std::min(offered_, limit);
  return {block_ + end_, offered_};
}

void input_buffer::commit(size_t bytes) {
  assert(bytes <= offered_ && offered_ <= capacity_ - end_);
  end_ += bytes;
  if (bytes == offered_ && end_ == capacity_)
    next_size_ = large;
}

void input_buffer::append(std::string_view bytes) {
  if (bytes.empty())
    return;
  make_room(bytes.size());
  assert(bytes.size() <= capacity_ - end_);
  std::memcpy(block_ + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void input_buffer::shrink() {
  if (capacity_ > small)
    release();
}

void input_buffer::release() {
  if (!empty())
    return;
  owner_.reset();
  block_ = nullptr;
  capacity_ = begin_ = end_ = 0;
  next_size_ = small;
}

// Slices may be dropped on other threads. The copy is a read-modify-write of
// the counter, so what those threads read happened before what we write next.
bool input_buffer::unshared() const noexcept {
  const auto probe = owner_;
  return probe.use_count() == 2;
}

void input_buffer::make_room(size_t at_least) {
  const bool ours = block_ && unshared();
  if (ours && begin_ == end_)
    begin_ = end_ = 0;
  if (block_ && capacity_ - end_ >= at_least && capacity_ >= next_size_)
    return;
  const auto kept = size();
  if (ours && capacity_ >= next_size_ && capacity_ - kept >= at_least) {
    std::memmove(block_, block_ + begin_, kept);
  } else {
    const auto size = std::max(next_size_, kept + at_least);
    auto fresh = size == large ? common_blocks().take()
                               : std::make_shared_for_overwrite<char[]>(size);
    if (kept > 0)
      std::memcpy(fresh.get(), block_ + begin_, kept);
    block_ = fresh.get();
    owner_ = std::move(fresh);
    capacity_ = size;
  }
  begin_ = 0;
  end_ = kept;
}

} // namespace aps
