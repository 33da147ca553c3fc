#define CAF_SUITE proxy_reader

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/proxy/proxy_reader.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <future>
#include <memory>

using namespace aps;
using namespace std::chrono_literals;
using namespace std::string_literals;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// One connection that a reader has, and the proxy's end of it. The result is
/// what the header says, or why it is none.
struct fixture {
  fixture() { unit.start(); }

  ~fixture() {
    on(unit, [this] {
      if (const auto left = reading.lock())
        left->close();
      ours.reset();
    });
    unit.stop();
  }

  void begin(duration timeout = 1h) {
    on(unit, [this, timeout] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      const auto made = std::make_shared<proxy_reader>(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), timeout,
        proxy_reader::handlers{
          [this](stream_ptr stream, const std::optional<proxied_ends>& ends) {
            ours = std::move(stream);
            result.set_value(ends ? to_text(*ends) : "own");
          },
          [this](std::string_view problem) {
            result.set_value(std::string{problem});
          }});
      made->start();
      reading = made;
    });
  }

  void say(const std::string& text) { asio::write(peer, asio::buffer(text)); }

  std::string wait() { return result.get_future().get(); }

  /// What is left in the socket.
  std::string rest(size_t size) {
    std::string text(size, ' ');
    on(unit, [&] { asio::read(ours->socket(), asio::buffer(text)); });
    return text;
  }

  bool peer_is_closed() {
    char byte;
    boost::system::error_code error;
    peer.read_some(asio::buffer(&byte, 1), error);
    return bool(error);
  }

  io_unit unit{0};
  asio::io_context context;
  tcp::socket peer{context};
  std::weak_ptr<proxy_reader> reading;
  stream_ptr ours;
  std::promise<std::string> result;
};

const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(proxy_reader_tests, fixture)

CAF_TEST(what is behind the header stays in the socket) {
  begin();
  say(line + "\x16\x03\x01hello");
  CAF_CHECK_EQUAL(wait(), "192.0.2.1:4711 198.51.100.2:443");
  CAF_CHECK_EQUAL(rest(8), "\x16\x03\x01hello");
}

CAF_TEST(a header may come in pieces) {
  begin();
  for (const auto c : line) {
    say(std::string(1, c));
    on(unit, [] {});
  }
  say("GET /");
  CAF_CHECK_EQUAL(wait(), "192.0.2.1:4711 198.51.100.2:443");
  CAF_CHECK_EQUAL(rest(5), "GET /");
}

CAF_TEST(two headers are one and what is behind it) {
  begin();
  say("PROXY UNKNOWN\r\n" + line);
  CAF_CHECK_EQUAL(wait(), "own");
  CAF_CHECK_EQUAL(rest(line.size()), line);
}

CAF_TEST(the longest header is taken) {
  begin();
  const auto length = max_proxy_header - 16;
  say("\r\n\r\n\0\r\nQUIT\n\x21\x00"s + static_cast<char>(length >> 8)
      + static_cast<char>(length & 0xff) + std::string(length, 'x') + "rest");
  CAF_CHECK_EQUAL(wait(), "own");
  CAF_CHECK_EQUAL(rest(4), "rest");
}

CAF_TEST(what is no header ends the connection at once) {
  begin();
  say("GET / HTTP/1.1\r\n\r\n");
  CAF_CHECK_EQUAL(wait(), "no PROXY header");
  CAF_CHECK(peer_is_closed());
}

CAF_TEST(a header that does not come in time ends the connection) {
  begin(50ms);
  say("PROXY TCP4 ");
  CAF_CHECK_EQUAL(wait(), "no header in time");
  CAF_CHECK(peer_is_closed());
}

CAF_TEST(a peer that leaves is nothing to tell) {
  begin();
  say("PROXY ");
  peer.close();
  while (!reading.expired())
    on(unit, [] {});
  CAF_CHECK(result.get_future().wait_for(0s) == std::future_status::timeout);
}

CAF_TEST_FIXTURE_SCOPE_END()
