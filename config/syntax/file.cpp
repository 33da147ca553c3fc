#include "config/syntax/file.hpp"

#include "config/syntax/text.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace aps::config {

namespace {

struct descriptor {
  explicit descriptor(int number) : fd(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  const int fd;
};

/// Readable when a stop or a reload is pending, which it leaves so.
int open_stops() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0
      && hangup.sa_handler != SIG_IGN)
    sigaddset(&stops, SIGHUP);
  return ::signalfd(-1, &stops, SFD_CLOEXEC);
}

/// False when a stop came first, or nothing for too long. Who types has time.
bool wait_for_bytes(int file, int stops, std::chrono::milliseconds patience) {
  const int most = ::isatty(file) ? -1 : static_cast<int>(patience.count());
  pollfd all[] = {{file, POLLIN, 0}, {stops, POLLIN, 0}};
  while (::poll(all, 2, most) < 0)
    if (errno != EINTR)
      return true; // reading says what is wrong
  return all[0].revents != 0;
}

constexpr size_t shown_bytes = 88; ///< of a name

/// Without its middle: its end tells it from others, its beginning where it is.
std::string shortened_name(const std::string& name) {
  if (name.size() <= shown_bytes)
    return name;
  const auto is_inside = [&](size_t at) { // a character of UTF-8
    return (static_cast<unsigned char>(name[at]) & 0xC0) == 0x80;
  };
  auto head = shown_bytes / 3;
  auto tail = name.size() - (shown_bytes - head - 3);
  while (is_inside(head))
    --head;
  while (tail < name.size() && is_inside(tail))
    ++tail;
  return name.substr(0, head) + "..." + name.substr(tail);
}

} // namespace

std::string read_bytes(const std::filesystem::path& path, size_t most,
                       std::error_code& error,
                       std::chrono::milliseconds patience) {
  const auto fail = [&error](int code) {
    error = {code, std::generic_category()};
    return std::string{};
  };
  error.clear();
  // A pipe that nobody opened to write would hold `open` up.
  const descriptor file{
    ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0)
    return fail(errno);
  const descriptor stops{open_stops()};
  std::string result;
  char piece[65536];
  for (;;) {
    if (!wait_for_bytes(file.fd, stops.fd, patience))
      return fail(EINTR);
    const auto got = ::read(file.fd, piece, sizeof piece);
    if (got == 0)
      return result;
    if (got < 0 && errno != EINTR && errno != EAGAIN)
      return fail(errno);
    result.append(piece, static_cast<size_t>(got > 0 ? got : 0));
    if (result.size() > most)
      return fail(EFBIG);
  }
}

std::string shown_name(const std::filesystem::path& file) {
  const auto name = file.string();
  return is_clean(name) ? shortened_name(name) : escaped(shortened_name(name));
}

} // namespace aps::config
