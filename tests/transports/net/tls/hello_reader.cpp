#define CAF_SUITE hello_reader

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include "transports/net/tls/hello_reader.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <thread>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

// For "a.b".
const std::string hello{"\x16\x03\x01\0\x3f"
                        "\x01\0\0\x3b\x03\x03"
                        "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
                        "\0\0\x02\x13\x01\x01\0\0\x10"
                        "\0\0\0\x08\0\x06\0\0\x03"
                        "a.b\0\x23\0\0",
                        68};

struct fixture {
  fixture() { unit.start(); }
  ~fixture() {
    on(unit, [this] {
      stream.reset();
      if (const auto left = reader.lock())
        left->close();
    });
    unit.run_dry();
    unit.stop();
  }

  void start(duration timeout) {
    on(unit, [&] {
      socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      const auto begun = std::make_shared<hello_reader>(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), timeout,
        hello_reader::handlers{
          [this](stream_ptr from, const std::string& name) {
            tell("name " + name, std::move(from));
          },
          [this](stream_ptr from) { tell("other", std::move(from)); },
          [this] { tell("late", nullptr); }});
      reader = begun;
      begun->start();
    });
  }

  void tell(const std::string& text, stream_ptr from) {
    stream = std::move(from);
    told.set_value(text);
  }

  void say(std::string_view text) {
    asio::write(peer, asio::buffer(text.data(), text.size()));
  }

  std::string left() {
    std::string out;
    on(unit, [&] { out = stream->early(); });
    return out;
  }

  io_unit unit{0};
  asio::io_context context;
  tcp::socket peer{context};
  std::weak_ptr<hello_reader> reader;
  stream_ptr stream;
  std::promise<std::string> told;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hello_reader_tests, fixture)

CAF_TEST(all that was read comes again) {
  start(1h);
  say(hello);
  CAF_CHECK_EQUAL(told.get_future().get(), "name a.b");
  CAF_CHECK_EQUAL(left(), hello);
}

CAF_TEST(it may come byte by byte) {
  start(1h);
  peer.set_option(tcp::no_delay{true});
  for (const auto c : hello) {
    say({&c, 1});
    std::this_thread::sleep_for(1ms);
  }
  CAF_CHECK_EQUAL(told.get_future().get(), "name a.b");
  CAF_CHECK_EQUAL(left(), hello);
}

CAF_TEST(what is no hello is handed on with all its bytes) {
  start(1h);
  say("GET / HTTP/1.1\r\n");
  CAF_CHECK_EQUAL(told.get_future().get(), "other");
  CAF_CHECK_EQUAL(left(), "GET / HTTP/1.1\r\n");
}

CAF_TEST(who is late is dropped) {
  start(1ms);
  say(hello.substr(0, 20));
  CAF_CHECK_EQUAL(told.get_future().get(), "late");
  char byte = 0;
  boost::system::error_code error;
  asio::read(peer, asio::buffer(&byte, 1), error);
  CAF_CHECK(error);
}

CAF_TEST(who goes away is not told of) {
  start(1h);
  say(hello.substr(0, 20));
  peer.close();
  while (!reader.expired())
    std::this_thread::sleep_for(1ms);
  told.set_value("nothing");
  CAF_CHECK_EQUAL(told.get_future().get(), "nothing");
}

CAF_TEST(a refusal says why and ends) {
  start(1h);
  say(hello);
  told.get_future().get();
  on(unit, [this] { refuse_hello(*stream, tls_alert::unrecognized_name); });
  std::string answer(7, ' ');
  asio::read(peer, asio::buffer(answer));
  CAF_CHECK_EQUAL(answer, alert_record(tls_alert::unrecognized_name));
}

CAF_TEST_FIXTURE_SCOPE_END()
