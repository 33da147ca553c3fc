#define CAF_SUITE receive_datagram

#include "tests/support/test.hpp"

#include "transports/net/datagram/receive_datagram.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

using namespace aps;

CAF_TEST(what waits at a socket is taken without waiting) {
  int pair[2];
  CAF_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  CAF_CHECK_EQUAL(receive_datagram(pair[0]).error, EAGAIN);
  CAF_CHECK_EQUAL(::send(pair[1], "hello", 5, 0), 5);
  CAF_CHECK_EQUAL(::send(pair[1], "", 0, 0), 0);
  auto got = receive_datagram(pair[0]);
  CAF_CHECK(got.any);
  CAF_CHECK_EQUAL(got.bytes, "hello");
  got = receive_datagram(pair[0]);
  CAF_CHECK(got.any);
  CAF_CHECK(got.bytes.empty());
  CAF_CHECK(!receive_datagram(pair[0]).any);
  ::close(pair[0]);
  ::close(pair[1]);
}
