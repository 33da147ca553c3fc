#include "transports/net/sockets/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
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

namespace {

int give_up(int number) noexcept {
  const auto why = errno;
  ::close(number);
  errno = why;
  return -1;
}

// Whether there is a socket that was left behind.
bool is_stale(const std::string& path) noexcept {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
    return false;
  const auto number = connect(path);
  if (number >= 0)
    ::close(number);
  return number < 0 && errno == ECONNREFUSED;
}

} // namespace

int listen(const std::string& path, int backlog) noexcept {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof(at.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(at.sun_path, path.data(), path.size());
  if (is_stale(path))
    ::unlink(path.c_str());
  const auto number
    = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0)
    return -1;
  if (::bind(number, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0)
    return give_up(number);
  // Before anybody can connect.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0
      || ::listen(number, backlog) != 0) {
    const auto why = errno;
    ::unlink(path.c_str());
    errno = why;
    return give_up(number);
  }
  return number;
}

} // namespace aps::unix_socket
