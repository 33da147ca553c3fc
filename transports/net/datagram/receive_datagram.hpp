#pragma once

#include <string_view>

namespace aps {

/// What waited at a socket: the bytes are valid until the next call on this
/// thread.
struct received_datagram {
  std::string_view bytes;
  bool any = false; ///< whether there was one; it may be empty
  int error = 0;    ///< what it was else, as errno; EAGAIN = nothing
};

/// Takes a datagram without waiting. `from` gets the sender's address where it
/// is wanted.
received_datagram receive_datagram(int handle, void* from = nullptr,
                                   unsigned* from_size = nullptr) noexcept;

} // namespace aps
