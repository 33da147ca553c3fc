#include "transports/net/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace aps::unix_socket {

int connect(const std::string& path) noexcept {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof(to.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(to.sun_path, path.data(), path.size());
  const auto number
    = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0)
    return -1;
  if (::connect(number, reinterpret_cast<const sockaddr*>(&to), sizeof(to))
      == 0)
    return number;
  const auto why = errno;
  ::close(number);
  errno = why;
  return -1;
}

} // namespace aps::unix_socket
