#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace aps {

/// What a datagram takes of a window: its bytes, and what a frame costs that
/// waits at a link. The offsets of `datagram_frame` count so.
constexpr size_t datagram_cost(size_t bytes) noexcept {
  return bytes + 256;
}

/// The sending half of one direction of datagrams. Nothing is sent that has no
/// credit, and nothing is kept of what was: what did not arrive over a link
/// that is gone is lost, and its place is the next one's. Whose first byte has
/// credit is sent whole. Pure; not thread-safe.
class datagram_window {
 public:
  explicit datagram_window(uint32_t window, uint32_t most = max_window)
      : most_(most), window_(std::min(window, most)) {}

  /// The frame for a datagram; nothing = there is no credit, it is dropped.
  std::optional<datagram_frame> next(slice bytes);

  /// Keeps one until somebody is there to whom it can be sent. False = so many
  /// wait already, it is dropped.
  bool hold(slice bytes);

  /// Those that were kept, and forgets them.
  std::vector<slice> take_held() noexcept;

  /// Counts one that nobody could be sent.
  void drop() noexcept { ++dropped_; }
  uint64_t dropped() const noexcept { return dropped_; }

  /// As of `send_window`.
  bool ack(uint64_t offset, uint32_t window) noexcept;

  /// What was sent from `offset` on is lost. False when that is acknowledged or
  /// was never sent.
  bool rewind(uint64_t offset) noexcept;

  /// All of it is lost, and the receiver is a new one that gives `window`.
  void restart(uint32_t window) noexcept;

 private:
  const uint32_t most_;
  uint32_t window_;
  uint64_t base_ = 0;    ///< acknowledged below
  uint64_t next_ = 0;    ///< sent below
  uint64_t dropped_ = 0; ///< datagrams
  size_t held_cost_ = 0;
  std::vector<slice> held_;
};

/// One for an exchange of datagrams; null = it is another one.
std::unique_ptr<datagram_window> datagrams_of(const request_head& head,
                                              uint32_t window,
                                              uint32_t most = max_window);

} // namespace aps
