#include "transports/net/datagram/receive_datagram.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace aps {

received_datagram receive_datagram(int handle, void* from,
                                   unsigned* from_size) noexcept {
  thread_local std::array<char, 65536> buffer;
  const auto count
    = ::recvfrom(handle, buffer.data(), buffer.size(), MSG_DONTWAIT,
                 static_cast<sockaddr*>(from), from_size);
  if (count < 0)
    return {{}, false, errno == EWOULDBLOCK ? EAGAIN : errno};
  return {{buffer.data(), static_cast<size_t>(count)}, true, 0};
}

} // namespace aps
