#include "transports/net/datagram/datagram_frames.hpp"

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>

namespace aps {

slice frame_datagram(std::string_view datagram) {
  assert(datagram.size() <= max_datagram);
  std::string out;
  out.reserve(datagram_overhead + datagram.size());
  out += static_cast<char>(datagram.size() >> 8);
  out += static_cast<char>(datagram.size() & 0xff);
  out += datagram;
  return slice::copy(out);
}

size_t datagram_reader::size_of_first(std::string_view bytes) noexcept {
  if (bytes.size() < datagram_overhead)
    return 0;
  const auto length = static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8
                      | static_cast<uint8_t>(bytes[1]);
  const auto size = datagram_overhead + length;
  return bytes.size() < size ? 0 : size;
}

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
