#define CAF_SUITE byte_stream

#include "tests/support/test.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/byte_stream.hpp"
#include "transports/net/sockets/sockets.hpp"

#include <boost/asio/read.hpp>

#include <string>

using namespace aps;
namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// A stream, and the other end of its connection.
struct fixture {
  fixture() {
    test::socket_pair pair{context};
    peer = std::move(pair.theirs);
    stream = std::make_unique<byte_stream>(std::move(pair.ours));
  }

  void say(const std::string& text) { asio::write(peer, asio::buffer(text)); }

  /// What one read of at most so many bytes gets.
  std::string read(size_t size) {
    std::string text(size, ' ');
    bool done = false;
    stream->async_read_some(
      asio::buffer(text), [&](const error_code& error, size_t bytes) {
        text = error ? error.message() : text.substr(0, bytes);
        done = true;
      });
    CAF_CHECK(!done); // never from inside the call
    context.restart();
    while (!done)
      context.run_one();
    return text;
  }

  asio::io_context context;
  tcp::socket peer{context};
  stream_ptr stream;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(byte_stream_tests, fixture)

CAF_TEST(a stream knows its other end) {
  const auto end = peer.local_endpoint();
  CAF_CHECK(stream->peer() == end);
  CAF_CHECK_EQUAL(stream->peer_name(), to_string(end));
  CAF_CHECK_EQUAL(stream->peer_ip(), "127.0.0.1");
  stream->close();
  CAF_CHECK_EQUAL(stream->peer_name(), to_string(end));
}

CAF_TEST(an end that was told before is not mapped) {
  const byte_stream told{
    tcp_socket{context},
    tcp::endpoint{asio::ip::make_address("::ffff:10.0.0.1"), 7}};
  CAF_CHECK_EQUAL(told.peer_name(), "10.0.0.1:7");
  CAF_CHECK_EQUAL(told.peer_ip(), "10.0.0.1");
}

CAF_TEST(who was passed on is who somebody between says) {
  CAF_CHECK(stream->destination() == peer.remote_endpoint());
  CAF_CHECK(!stream->was_passed_on());
  stream->passed_on({asio::ip::make_address("::ffff:10.0.0.1"), 0},
                    {asio::ip::make_address("2001:db8::1"), 443});
  CAF_CHECK(stream->was_passed_on());
  CAF_CHECK_EQUAL(stream->peer_ip(), "10.0.0.1");
  CAF_CHECK_EQUAL(stream->peer_name(), "10.0.0.1:0"); // it may have no port
  CAF_CHECK_EQUAL(to_string(stream->destination()), "[2001:db8::1]:443");
}

CAF_TEST(without a connection nobody is known) {
  byte_stream fresh{context};
  CAF_CHECK_EQUAL(fresh.peer_name(), "unknown");
  CAF_CHECK_EQUAL(fresh.peer_ip(), "unknown");
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  fresh.socket().connect(acceptor.local_endpoint());
  fresh.connected();
  CAF_CHECK(fresh.peer() == acceptor.local_endpoint());
  tcp::no_delay undelayed;
  fresh.socket().get_option(undelayed);
  CAF_CHECK(undelayed.value());
}

CAF_TEST(what was put back comes before what follows) {
  stream->put_back("early");
  say("late");
  CAF_CHECK_EQUAL(read(3), "ear");
  CAF_CHECK_EQUAL(read(100), "ly");
  CAF_CHECK_EQUAL(read(100), "late");
}

CAF_TEST(our direction ends alone) {
  stream->shutdown_send();
  char byte = 0;
  error_code error;
  asio::read(peer, asio::buffer(&byte, 1), error);
  CAF_CHECK(error == asio::error::eof);
  say("still here");
  CAF_CHECK_EQUAL(read(100), "still here");
}

CAF_TEST(a reset is no orderly end) {
  stream->close(true);
  char byte = 0;
  error_code error;
  asio::read(peer, asio::buffer(&byte, 1), error);
  CAF_CHECK(error == asio::error::connection_reset);
}

CAF_TEST_FIXTURE_SCOPE_END()
