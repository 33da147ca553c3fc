#pragma once

#include <cstddef>
#include <cstdint>

/// What the kernel knows about a visitor's TCP connection. All of it is of a
/// native handle, never fails loudly, and costs one system call.
namespace aps::visitor_socket {

/// Bounds what the kernel keeps unsent for a visitor that does not read, so
/// that little memory is pinned and a stall is seen early, and has it look
/// for peers that vanished without a word.
void set_up(int handle) noexcept;

/// A peer that ended its direction is looked for more often.
void look_closer(int handle) noexcept;

/// Bytes that we wrote and the peer did not acknowledge.
size_t unacknowledged(int handle) noexcept;

/// Bytes that the peer acknowledged so far.
uint64_t acknowledged(int handle) noexcept;

enum class peer_state : uint8_t {
  open,
  ended, ///< its direction; it may still read (RFC 9112, 9.6)
  gone,  ///< reset, or closed both ways
};

peer_state state_of(int handle) noexcept;

} // namespace aps::visitor_socket
