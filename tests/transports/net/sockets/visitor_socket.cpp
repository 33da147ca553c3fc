#define CAF_SUITE visitor_socket

#include "tests/support/test.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/sockets/visitor_socket.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

using namespace aps;
namespace asio = boost::asio;
using visitor_socket::peer_state;

namespace {

struct fixture {
  int handle() { return pair.ours.native_handle(); }

  int option(int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    CAF_CHECK_EQUAL(::getsockopt(handle(), level, name, &value, &size), 0);
    return value;
  }

  asio::io_context context;
  test::socket_pair pair{context};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(visitor_socket_tests, fixture)

CAF_TEST(little is kept unsent and silent peers are looked for) {
  visitor_socket::set_up(handle());
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 * 1024);
  CAF_CHECK_EQUAL(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPIDLE), 60);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPINTVL), 10);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
}

CAF_TEST(a closer look comes earlier and more often) {
  visitor_socket::look_closer(handle());
  CAF_CHECK_EQUAL(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPIDLE), 5);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPINTVL), 5);
  CAF_CHECK_EQUAL(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
}

CAF_TEST(bytes count as under way until the peer has them) {
  CAF_CHECK_EQUAL(visitor_socket::unacknowledged(handle()), 0u);
  const auto before = visitor_socket::acknowledged(handle());
  // More than the peer's kernel takes while nobody reads.
  pair.ours.non_blocking(true);
  const std::string piece(64 * 1024, 'x');
  size_t written = 0;
  boost::system::error_code full;
  while (!full)
    written += pair.ours.write_some(asio::buffer(piece), full);
  CAF_CHECK(full == asio::error::would_block);
  CAF_CHECK(visitor_socket::unacknowledged(handle()) > 0u);
  CAF_CHECK(visitor_socket::acknowledged(handle()) - before < written);
  std::string all(written, '\0');
  asio::read(pair.theirs, asio::buffer(all));
  while (visitor_socket::unacknowledged(handle()) > 0) {
  }
  CAF_CHECK_EQUAL(visitor_socket::acknowledged(handle()) - before, written);
}

CAF_TEST(a peer ends its direction or is gone) {
  CAF_CHECK(visitor_socket::state_of(handle()) == peer_state::open);
  asio::write(pair.theirs, asio::buffer("x", 1)); // to be read is no end
  CAF_CHECK(visitor_socket::state_of(handle()) == peer_state::open);
  pair.theirs.shutdown(asio::socket_base::shutdown_send);
  while (visitor_socket::state_of(handle()) == peer_state::open) {
  }
  CAF_CHECK(visitor_socket::state_of(handle()) == peer_state::ended);
  pair.ours.shutdown(asio::socket_base::shutdown_send);
  CAF_CHECK(visitor_socket::state_of(handle()) == peer_state::gone);
}

CAF_TEST(a peer that resets is gone) {
  pair.theirs.set_option(asio::socket_base::linger{true, 0});
  pair.theirs.close();
  while (visitor_socket::state_of(handle()) == peer_state::open) {
  }
  CAF_CHECK(visitor_socket::state_of(handle()) == peer_state::gone);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(no descriptor is no failure) {
  visitor_socket::set_up(-1);
  visitor_socket::look_closer(-1);
  CAF_CHECK_EQUAL(visitor_socket::unacknowledged(-1), 0u);
  CAF_CHECK_EQUAL(visitor_socket::acknowledged(-1), 0u);
  CAF_CHECK(visitor_socket::state_of(-1) == peer_state::open);
}
