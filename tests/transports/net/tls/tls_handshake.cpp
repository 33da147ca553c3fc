#define CAF_SUITE tls_handshake

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <thread>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// A server's handshake; the test has the other end.
struct fixture {
  explicit fixture() : made(make_certificate()) { unit.start(); }
  ~fixture() {
    on(unit, [this] {
      stream.reset();
      if (const auto left = handshake.lock())
        left->close();
    });
    unit.run_dry();
    unit.stop();
  }

  void start(duration timeout, const std::string& early = {}) {
    on(unit, [&] {
      socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      auto ours = std::make_unique<byte_stream>(std::move(pair.ours));
      if (!early.empty())
        ours->put_back(early);
      const auto begun = std::make_shared<tls_handshake>(
        unit, std::move(ours),
        server_tls{material_of({pair_of(made, {"a.example"})})}.current(),
        timeout,
        tls_handshake::handlers{
          [this](stream_ptr ours) { tell("secured", std::move(ours)); },
          [this](stream_ptr ours) { tell("plain", std::move(ours)); },
          [this](bool too_slow, const std::string& why) {
            tell((too_slow ? "slow: " : "failed: ") + why, nullptr);
          }});
      handshake = begun;
      begun->start();
    });
  }

  void tell(const std::string& text, stream_ptr ours) {
    stream = std::move(ours);
    told.set_value(text);
  }

  void say(std::string_view text) {
    asio::write(peer, asio::buffer(text.data(), text.size()));
  }

  made_certificate made;
  io_unit unit{0};
  asio::io_context context;
  tcp::socket peer{context};
  std::weak_ptr<tls_handshake> handshake;
  stream_ptr stream;
  std::promise<std::string> told;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_handshake_tests, fixture)

CAF_TEST(plain HTTP is handed on with all its bytes) {
  start(1h);
  say("GET / HTTP/1.1\r\n");
  CAF_CHECK_EQUAL(told.get_future().get(), "plain");
  std::string text(16, ' ');
  on(unit, [&] { asio::read(stream->socket(), asio::buffer(text)); });
  CAF_CHECK_EQUAL(text, "GET / HTTP/1.1\r\n");
}

CAF_TEST(what was read before counts) {
  start(1h, "GET / HTTP/1.1\r\n");
  CAF_CHECK_EQUAL(told.get_future().get(), "plain");
  std::string early;
  on(unit, [&] { early = stream->early(); });
  CAF_CHECK_EQUAL(early, "GET / HTTP/1.1\r\n");
}

CAF_TEST(what was read before is shaken hands with) {
  start(1h, "\x16\x03\x01");
  say(std::string("\0\x04zzzz", 6)); // no handshake, but of its length
  const auto why = told.get_future().get();
  CAF_MESSAGE(why);
  CAF_CHECK(why.starts_with("failed: "));
}

CAF_TEST(what is no TLS fails) {
  start(1h);
  say("\x05\x01 and so on, which is longer than the head of a record");
  const auto why = told.get_future().get();
  CAF_MESSAGE(why);
  CAF_CHECK(why.starts_with("failed: "));
}

CAF_TEST(a peer that stalls is dropped at the deadline) {
  start(1ms);
  say("\x16\x03\x01");
  CAF_CHECK_EQUAL(told.get_future().get(), "slow: no handshake in time");
  char byte = 0;
  boost::system::error_code error;
  asio::read(peer, asio::buffer(&byte, 1), error);
  CAF_CHECK(error);
}

CAF_TEST(a peer that goes away is not told of) {
  start(1h);
  peer.close();
  while (!handshake.expired())
    std::this_thread::sleep_for(1ms);
  told.set_value("nothing");
  CAF_CHECK_EQUAL(told.get_future().get(), "nothing");
}

CAF_TEST_FIXTURE_SCOPE_END()
