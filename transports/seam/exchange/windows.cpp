#include "transports/seam/exchange/windows.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace aps {

// -- send_window --------------------------------------------------------------

namespace {

// A piece costs two allocations and an entry, whatever its size, so a stream
// of single bytes would be kept at eighty times its size. A lone small body
// stays as it is.
constexpr size_t small_piece = 2 * 1024;
constexpr size_t tail_size = 8 * 1024;

} // namespace

void send_window::push(slice bytes) {
  assert(!finished_);
  if (bytes.empty())
    return;
  end_ += bytes.size();
  if (bytes.size() < small_piece && !chunks_.empty())
    append(bytes.view());
  else
    chunks_.push_back(std::move(bytes));
}

// Others may look at what stands in the block already, not at what follows.
void send_window::append(std::string_view bytes) {
  if (!tail_ || tail_size - tail_used_ < bytes.size()) {
    tail_ = std::make_shared_for_overwrite<char[]>(tail_size);
    tail_used_ = 0;
  }
  char* const to = tail_.get() + tail_used_;
  std::memcpy(to, bytes.data(), bytes.size());
  tail_used_ += bytes.size();
  auto& last = chunks_.back();
  if (last.data() + last.size() != to) {
    chunks_.emplace_back(tail_, std::string_view{to, bytes.size()});
    return;
  }
  if (cursor_ == chunks_.size()) {
    cursor_ = chunks_.size() - 1;
    cursor_offset_ = last.size();
  }
  last = {tail_, {last.data(), last.size() + bytes.size()}};
}

void send_window::finish(header_list trailers) {
  assert(!finished_);
  finished_ = true;
  trailers_ = std::move(trailers);
}

std::optional<frame::kind> send_window::next() {
  if (end_sent_)
    return std::nullopt;
  assert(base_ <= next_ && next_ <= high_ && high_ <= end_);
  const auto limit = base_ + window_;
  if (next_ < end_ && next_ < limit) {
    assert(cursor_ < chunks_.size());
    const auto& chunk = chunks_[cursor_];
    const auto length = std::min({chunk.size() - cursor_offset_,
                                  size_t(limit - next_), max_data_payload});
    data_frame out{next_, chunk.sub(cursor_offset_, length), false};
    next_ += length;
    high_ = std::max(high_, next_);
    cursor_offset_ += length;
    if (cursor_offset_ == chunk.size()) {
      ++cursor_;
      cursor_offset_ = 0;
    }
    if (finished_ && next_ == end_ && trailers_.empty())
      out.last = end_sent_ = true;
    out.blocked = next_ == limit && !out.last;
    return out;
  }
  if (finished_ && next_ == end_) {
    end_sent_ = true;
    return end_frame{end_, trailers_};
  }
  return std::nullopt;
}

bool send_window::ack(uint64_t offset, uint32_t window) {
  if (offset > next_)
    return false;
  if (window > 0)
    window_ = std::min(window, most_);
  while (base_ < offset) {
    assert(first_ < chunks_.size());
    const auto left = chunks_[first_].size() - first_offset_;
    const auto step = std::min<uint64_t>(left, offset - base_);
    base_ += step;
    first_offset_ += step;
    if (step == left) {
      chunks_[first_++] = {};
      first_offset_ = 0;
    }
  }
  if (first_ == chunks_.size()) {
    chunks_.clear();
    tail_.reset();
    first_ = cursor_ = cursor_offset_ = 0;
  } else if (first_ >= 64) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + ptrdiff_t(first_));
    cursor_ -= first_;
    first_ = 0;
  }
  return true;
}

bool send_window::rewind(uint64_t offset) {
  if (offset < base_ || offset > high_)
    return false;
  next_ = offset;
  end_sent_ = false;
  cursor_ = first_;
  auto position = base_ - first_offset_;
  while (cursor_ < chunks_.size()
         && position + chunks_[cursor_].size() <= offset)
    position += chunks_[cursor_++].size();
  cursor_offset_ = offset - position;
  assert(cursor_ < chunks_.size() ? cursor_offset_ < chunks_[cursor_].size()
                                  : cursor_offset_ == 0);
  return true;
}

void send_window::restart(uint32_t window) {
  assert(base_ == 0);
  window_ = std::min(window, most_);
  rewind(0);
  high_ = 0;
}

size_t send_window::room() const noexcept {
  const auto held = end_ - base_;
  return finished_ || held >= window_ ? 0 : size_t(window_ - held);
}

void send_window::clear() {
  chunks_ = std::vector<slice>{}; // `{}` would keep the memory
  tail_.reset();
  first_ = cursor_ = cursor_offset_ = first_offset_ = 0;
  base_ = next_ = high_ = end_;
  finished_ = end_sent_ = true;
  trailers_.clear();
}

// -- receive_window -----------------------------------------------------------

std::optional<slice> receive_window::accept(const data_frame& data) {
  const auto from = data.offset;
  const auto to = from + data.payload.size();
  if (from > received_ || to < from)
    return std::nullopt;
  if (ended_)
    return to <= received_ ? std::optional<slice>{slice{}} : std::nullopt;
  if (to > limit_)
    return std::nullopt;
  if (data.last && to < received_)
    return std::nullopt;
  slice fresh;
  if (to > received_) {
    fresh = data.payload.sub(size_t(received_ - from));
    received_ = to;
    if (data.blocked)
      blocked_at_ = to;
  }
  if (data.last)
    ended_ = true;
  return fresh;
}

bool receive_window::take(uint64_t offset, size_t bytes) noexcept {
  if (ended_ || offset != received_ || offset >= limit_)
    return false;
  received_ += bytes;
  return true;
}

bool receive_window::accept_end(uint64_t offset) {
  if (offset != received_)
    return false;
  ended_ = true;
  return true;
}

std::optional<ack_frame> receive_window::consume(size_t bytes) {
  consumed_ += bytes;
  assert(consumed_ <= received_);
  if (!ended_ && consumed_ - acked_ >= ack_after_)
    return current_ack();
  return std::nullopt;
}

ack_frame receive_window::current_ack() {
  acked_ = consumed_;
  limit_ = std::max(limit_, consumed_ + window_);
  return {consumed_, window_, false};
}

} // namespace aps
