#define CAF_SUITE unix_socket

#include "tests/support/test.hpp"

#include "transports/net/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

using namespace aps;

namespace {

std::string path_of(const char* name) {
  return (std::filesystem::temp_directory_path()
          / (std::string("aps-") + name + std::to_string(::getpid())))
    .string();
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
  CAF_CHECK_EQUAL(unix_socket::connect(path), -1);
  CAF_CHECK_EQUAL(errno, ECONNREFUSED);
  ::listen(listener, 4);
  const auto number = unix_socket::connect(path);
  CAF_REQUIRE_NOT_EQUAL(number, -1);
  const auto accepted = ::accept(listener, nullptr, nullptr);
  CAF_CHECK_EQUAL(::write(number, "x", 1), 1);
  char got = 0;
  CAF_CHECK_EQUAL(::read(accepted, &got, 1), 1);
  CAF_CHECK_EQUAL(::read(number, &got, 1), -1); // nor does it block
  CAF_CHECK_EQUAL(errno, EAGAIN);
  for (const auto each : {number, accepted, listener})
    ::close(each);
  ::unlink(path.c_str());
}

CAF_TEST(what is not there or too long is refused) {
  CAF_CHECK_EQUAL(unix_socket::connect(path_of("nobody")), -1);
  CAF_CHECK_EQUAL(errno, ENOENT);
  CAF_CHECK_EQUAL(unix_socket::connect("/" + std::string(200, 'x')), -1);
  CAF_CHECK_EQUAL(errno, ENAMETOOLONG);
}
