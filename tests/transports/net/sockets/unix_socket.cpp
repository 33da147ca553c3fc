#define CAF_SUITE unix_socket

#include "tests/support/test.hpp"

#include "transports/net/sockets/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace aps;

namespace {

std::string path_of(const char* name) {
  return (std::filesystem::temp_directory_path()
          / (std::string("aps-") + name + std::to_string(::getpid())))
    .string();
}

/// What `call` leaves in errno; 0 = it made a descriptor, which is closed. A
/// check writes lines, and who writes may change it.
template <class Call>
int error_of(Call call) {
  const auto number = call();
  const auto error = number < 0 ? errno : 0;
  if (number >= 0)
    ::close(number);
  return error;
}

int connecting(const std::string& path) {
  return error_of([&] { return unix_socket::connect(path); });
}

int listening(const std::string& path) {
  return error_of([&] { return unix_socket::listen(path, 4); });
}

} // namespace

CAF_TEST(a socket in the file system is connected to) {
  const auto path = path_of("listens");
  const auto listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.data(), path.size());
  CAF_REQUIRE_EQUAL(
    ::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  CAF_CHECK_EQUAL(connecting(path), ECONNREFUSED);
  ::listen(listener, 4);
  const auto number = unix_socket::connect(path);
  CAF_REQUIRE_NOT_EQUAL(number, -1);
  const auto accepted = ::accept(listener, nullptr, nullptr);
  CAF_CHECK_EQUAL(::write(number, "x", 1), 1);
  char got = 0;
  CAF_CHECK_EQUAL(::read(accepted, &got, 1), 1);
  // Nor does it block.
  CAF_CHECK_EQUAL(error_of([&] { return int(::read(number, &got, 1)); }),
                  EAGAIN);
  for (const auto each : {number, accepted, listener})
    ::close(each);
  ::unlink(path.c_str());
}

CAF_TEST(what is not there or too long is refused) {
  CAF_CHECK_EQUAL(connecting(path_of("nobody")), ENOENT);
  CAF_CHECK_EQUAL(connecting("/" + std::string(200, 'x')), ENAMETOOLONG);
}

CAF_TEST(who listens is alone there and replaces nobody that lives) {
  const auto path = path_of("door");
  const auto door = unix_socket::listen(path, 4);
  CAF_REQUIRE_NOT_EQUAL(door, -1);
  using std::filesystem::perms;
  CAF_CHECK(std::filesystem::status(path).permissions()
            == (perms::owner_read | perms::owner_write));
  const auto number = unix_socket::connect(path);
  CAF_CHECK_NOT_EQUAL(number, -1);
  CAF_CHECK_EQUAL(listening(path), EADDRINUSE);
  ::close(number);
  ::close(door);
  // Left behind, it makes room.
  const auto again = unix_socket::listen(path, 4);
  CAF_CHECK_NOT_EQUAL(again, -1);
  ::close(again);
  ::unlink(path.c_str());
}

CAF_TEST(a file that is no socket stays) {
  const auto path = path_of("file");
  std::ofstream{path} << "x";
  CAF_CHECK_EQUAL(listening(path), EADDRINUSE);
  CAF_CHECK(std::filesystem::is_regular_file(path));
  std::filesystem::remove(path);
}
