#pragma once

#include "transports/seam/frame.hpp"

#include <list>
#include <unordered_map>
#include <vector>

namespace aps {

/// Frames in a row, oldest first. A vector with a read position: emptying it
/// keeps the memory.
class frame_row {
 public:
  bool empty() const noexcept { return first_ == frames_.size(); }
  frame& front() noexcept { return frames_[first_]; }
  void push(frame frame) { frames_.push_back(std::move(frame)); }
  /// The first pong that waits, or null.
  pong_frame* waiting_pong() noexcept;

  /// Adds the exchanges whose request heads are here.
  void list_heads(std::vector<exchange_id>& out) const;

  void pop() noexcept {
    if (++first_ == frames_.size()) {
      frames_.clear();
      first_ = 0;
    } else if (first_ >= 1024 && first_ * 2 >= frames_.size()) {
      frames_.erase(frames_.begin(),
                    frames_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
  }

  /// Swaps all frames into `out` (empty) when none was popped yet.
  bool hand_over(frame_batch& out) noexcept {
    if (first_ != 0)
      return false;
    frames_.swap(out);
    return true;
  }

 private:
  frame_batch frames_;
  size_t first_ = 0;
};

/// The outgoing queue of a link, fair between exchanges: frames
/// about the connection go first, then small frames in the order of arrival,
/// then bulk data. An exchange that sends a large payload gets a flow of its
/// own, which carries its frames until it is empty; flows are served in turn,
/// one frame each. While flows wait, small frames take at most half of a
/// batch. Frames of one exchange keep their order. Of pongs only the last one
/// waits: an honest peer asks for one at a time. Pure; not thread-safe.
class frame_queue {
 public:
  /// Payloads of at least this size make their exchange a flow.
  static constexpr size_t bulk_payload = 8 * 1024;

  /// Appends a frame. A reset drops the exchange's waiting bulk data first.
  void push(frame frame);

  /// Moves frames of about `max_bytes`, at least one, at most `max_frames`,
  /// into `out`, whose former content is dropped.
  void pop_batch(frame_batch& out, size_t max_bytes, size_t max_frames);

  /// Forgets the flow of an exchange that is over.
  void drop(exchange_id id);

  void clear();

  /// Exchanges whose request heads still wait.
  std::vector<exchange_id> heads() const;

  bool empty() const noexcept {
    return control_.empty() && small_.empty() && flows_.empty();
  }

  /// Sum of the weights of all frames that wait.
  size_t bytes() const noexcept { return bytes_; }

  /// The part of it that answers what the peer sent, without any credit:
  /// pongs, acks, resets, positions.
  size_t answer_bytes() const noexcept { return answer_bytes_; }

 private:
  struct flow {
    exchange_id id;
    uint64_t after; // may start when so many small frames were taken
    frame_row frames;
  };
  using flow_list = std::list<flow>;

  struct budget {
    size_t bytes;
    size_t frames;
    bool spent() const noexcept { return bytes == 0 || frames == 0; }
  };

  bool hand_over_all(frame_batch& out, size_t max_bytes, size_t max_frames);
  void take(frame_row& from, frame_batch& out, budget& left);
  void take_flows(frame_batch& out, budget& left);

  frame_row control_;
  frame_row small_;
  uint64_t small_pushed_ = 0;
  uint64_t small_taken_ = 0;
  flow_list flows_;
  std::unordered_map<exchange_id, flow_list::iterator> by_id_;
  void count(const frame& frame, size_t weight) noexcept;
  void discount(const frame& frame, size_t weight) noexcept;

  size_t bytes_ = 0;
  size_t answer_bytes_ = 0;
};

} // namespace aps
