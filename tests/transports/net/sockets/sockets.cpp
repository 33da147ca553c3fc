#define CAF_SUITE sockets

#include "tests/support/test.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/sockets/sockets.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace aps;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

CAF_TEST(an address is written with its port) {
  const auto text = [](const char* address, uint16_t port) {
    return to_string(tcp::endpoint{asio::ip::make_address(address), port});
  };
  CAF_CHECK_EQUAL(text("127.0.0.1", 80), "127.0.0.1:80");
  CAF_CHECK_EQUAL(text("0.0.0.0", 0), "0.0.0.0:0");
  CAF_CHECK_EQUAL(text("::1", 65535), "[::1]:65535");
  CAF_CHECK_EQUAL(text("::ffff:127.0.0.1", 80), "[::ffff:127.0.0.1]:80");
}

CAF_TEST(the peer is the other side) {
  asio::io_context context;
  test::socket_pair pair{context};
  CAF_CHECK(peer_of(pair.ours) == pair.theirs.local_endpoint());
  CAF_CHECK(peer_of(pair.theirs) == pair.ours.local_endpoint());
}

CAF_TEST(an address that was mapped is an IPv4 address again) {
  const auto text = [](const char* address) {
    return to_string(
      without_mapping(tcp::endpoint{asio::ip::make_address(address), 80}));
  };
  CAF_CHECK_EQUAL(text("::ffff:127.0.0.1"), "127.0.0.1:80");
  CAF_CHECK_EQUAL(text("127.0.0.1"), "127.0.0.1:80");
  CAF_CHECK_EQUAL(text("::1"), "[::1]:80");
  CAF_CHECK_EQUAL(text("::127.0.0.1"), "[::127.0.0.1]:80");
}

CAF_TEST(there is no peer without a connection) {
  asio::io_context context;
  tcp_socket closed{context};
  CAF_CHECK_EQUAL(peer_of(closed).port(), 0);
  closed.open(tcp::v4());
  CAF_CHECK_EQUAL(peer_of(closed).port(), 0);
}

CAF_TEST(a released descriptor belongs to the caller and does not block) {
  asio::io_context context;
  test::socket_pair pair{context};
  const int before = pair.ours.native_handle();
  ::fcntl(before, F_SETFL, ::fcntl(before, F_GETFL) & ~O_NONBLOCK);
  const int fd = release_non_blocking(pair.ours);
  CAF_CHECK_EQUAL(fd, before);
  CAF_CHECK(!pair.ours.is_open());
  CAF_CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  char byte = 0;
  const auto size = ::read(fd, &byte, 1);
  const auto error = errno; // checks write, which may change it
  CAF_CHECK_EQUAL(size, -1);
  CAF_CHECK_EQUAL(error, EAGAIN);
  CAF_CHECK_EQUAL(::close(fd), 0);
}

CAF_TEST(what is not open cannot be released) {
  asio::io_context context;
  tcp_socket closed{context};
  CAF_CHECK_EQUAL(release_non_blocking(closed), -1);
}
