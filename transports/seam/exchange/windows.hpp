#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace aps {

/// Credit for request bodies before the first ack, bytes (protocol constant).
inline constexpr uint32_t initial_request_window = 64 * 1024;

/// Credit that this side gives per direction and exchange, bytes.
inline constexpr uint32_t default_window = 512 * 1024;
static_assert(default_window <= max_window);

/// Largest payload of one data frame, bytes.
inline constexpr size_t max_data_payload = 64 * 1024;
static_assert(max_data_payload <= max_payload_bytes);

/// The sending half of one direction of an exchange:
/// keeps what is not acknowledged, never runs ahead of the credit, and can go
/// back to any position that is not acknowledged. Credit is taken up to
/// `most`, whatever the peer says: it is what we keep in memory. Pure; not
/// thread-safe.
class send_window {
 public:
  explicit send_window(uint32_t window, uint32_t most = max_window)
      : most_(most), window_(std::min(window, most)) {}

  /// Appends bytes to the stream. Precondition: not finished. Small pieces
  /// that follow one another are kept in common blocks: what is kept takes
  /// about as much memory as it has bytes, in whatever pieces they come.
  void push(slice bytes);

  /// Ends the stream after what was pushed.
  void finish(header_list trailers);

  /// The next frame that may be sent now, or nothing.
  std::optional<frame::kind> next();

  /// The receiver consumed everything below `offset`. False when that is
  /// more than was ever sent (a protocol violation).
  bool ack(uint64_t offset, uint32_t window);

  /// Sends again from `offset` on. False when those bytes are gone already or
  /// were never sent: no honest receiver is there.
  bool rewind(uint64_t offset);

  /// Everything again, for a receiver that knows nothing and starts with
  /// `window` bytes of credit. Precondition: nothing was acknowledged.
  void restart(uint32_t window);

  /// How many bytes the producer may still push; bounds the memory.
  size_t room() const noexcept;

  /// Credit that is taken at most, bytes.
  uint32_t most() const noexcept { return most_; }

  /// Takes so much credit from the next ack on. Precondition: not 0.
  void take_up_to(uint32_t most) noexcept {
    assert(most > 0);
    most_ = most;
  }

  uint64_t acked() const noexcept { return base_; }
  uint64_t total() const noexcept { return end_; }

  /// Handed out by `next`, since the last `rewind` or `restart`.
  uint64_t sent() const noexcept { return next_; }
  bool finished() const noexcept { return finished_; }

  /// True when everything, the end included, was handed out by `next`.
  bool all_sent() const noexcept { return end_sent_; }

  /// All that was pushed. Precondition: nothing was acknowledged.
  std::span<const slice> kept() const noexcept {
    return std::span{chunks_}.subspan(first_);
  }
  const header_list& trailers() const noexcept { return trailers_; }

  /// Drops everything that is kept; for exchanges that are over.
  void clear();

  /// Pieces that are kept, acknowledged ones that are not dropped yet as well.
  size_t pieces() const noexcept { return chunks_.size(); }

 private:
  void append(std::string_view bytes);

  uint32_t most_;
  uint32_t window_;
  uint64_t base_ = 0; // acknowledged below
  uint64_t next_ = 0; // handed out below
  uint64_t high_ = 0; // handed out below, whatever `rewind` did
  uint64_t end_ = 0;  // pushed below
  std::vector<slice> chunks_; // [first_, size) covers [base_, end_)
  size_t first_ = 0;
  size_t cursor_ = 0;        // chunk that holds next_
  size_t cursor_offset_ = 0; // position of next_ inside it
  size_t first_offset_ = 0;  // acknowledged part of chunks_[first_]
  std::shared_ptr<char[]> tail_; // block that small pieces are put into
  size_t tail_used_ = 0;
  bool finished_ = false;
  bool end_sent_ = false;
  header_list trailers_;
};

/// The receiving half: puts what arrives in order, drops what it has already,
/// and says when to give new credit. Pure; not thread-safe.
class receive_window {
 public:
  /// `initial` is the credit the sender started with, `window` what we give.
  receive_window(uint32_t initial, uint32_t window)
      : window_(window), ack_after_(std::max(window / 4, 1u)), limit_(initial) {
  }

  /// The new part of `data`; empty for pure repetition; nothing when the
  /// frame leaves a gap, passes the credit or comes after the end.
  std::optional<slice> accept(const data_frame& data);

  /// Takes something else than data, which counts as `bytes` and of which the
  /// first has to be within the credit. False = it comes twice, leaves a gap,
  /// passes the credit or comes after the end.
  bool take(uint64_t offset, size_t bytes) noexcept;

  /// Notes the end at `offset`. False when bytes are missing before it.
  bool accept_end(uint64_t offset);

  /// The application took `bytes`; an ack to send when one is due.
  std::optional<ack_frame> consume(size_t bytes);

  /// An ack for the current position, due or not.
  ack_frame current_ack();

  /// The sender's credit ended with what came last, and the application took
  /// everything: the window may be what holds back.
  bool is_starving() const noexcept {
    return blocked_at_ > 0 && consumed_ == blocked_at_;
  }

  /// Credit that we give, bytes.
  uint32_t window() const noexcept { return window_; }

  /// Gives so much from the next ack on. Precondition: not 0.
  void give(uint32_t window) noexcept {
    assert(window > 0);
    window_ = window;
  }

  uint64_t received() const noexcept { return received_; }
  uint64_t consumed() const noexcept { return consumed_; }
  bool ended() const noexcept { return ended_; }

 private:
  uint32_t window_;
  // A quarter of the first window, whatever it grows to: the sender may take
  // less than we give. It keeps the sender busy at few acks.
  const uint32_t ack_after_;
  uint64_t limit_;
  uint64_t blocked_at_ = 0; // where the sender's credit ended last
  uint64_t received_ = 0;
  uint64_t consumed_ = 0;
  uint64_t acked_ = 0; // consumed_ when the last ack was made
  bool ended_ = false;
};

} // namespace aps
