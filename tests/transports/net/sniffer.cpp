#define CAF_SUITE sniffer

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/sniffer.hpp"

#include <boost/asio/write.hpp>

#include <future>
#include <memory>

#include <sys/ioctl.h>

using namespace aps;
using namespace std::chrono_literals;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

struct sniffed {
  std::string bytes;
  first_bytes kind;
};

/// One connection that a sniffer looks at; the test has the other end.
struct fixture {
  fixture() {
    unit.start();
    on(unit, [this] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      handle = pair.ours.native_handle();
      const auto made = std::make_shared<sniffer>(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), 1h,
        [this](stream_ptr stream, std::string bytes, first_bytes kind) {
          ours = std::move(stream);
          ++calls;
          result.set_value({std::move(bytes), kind});
        });
      made->start();
      looking = made;
    });
  }

  ~fixture() {
    on(unit, [this] {
      if (const auto left = looking.lock())
        left->close();
      ours.reset();
    });
    unit.stop();
  }

  void say(std::string_view text) {
    asio::write(peer, asio::buffer(text.data(), text.size()));
  }

  /// The same, until the sniffer has read it.
  void say_first(std::string_view text) {
    say(text);
    for (int unread = 1; unread > 0;)
      if (::ioctl(handle, FIONREAD, &unread) != 0)
        break;
    on(unit, [] {});
  }

  void tick(duration later) {
    on(unit, [&] {
      if (const auto left = looking.lock())
        left->on_tick(unit.now() + later);
    });
  }

  /// What the peer reads next; empty = the end.
  std::string heard() {
    std::string text(100, '\0');
    boost::system::error_code error;
    text.resize(peer.read_some(asio::buffer(text), error));
    return text;
  }

  io_unit unit{0};
  asio::io_context own;
  tcp::socket peer{own};
  std::weak_ptr<sniffer> looking;
  stream_ptr ours;
  std::promise<sniffed> result;
  int handle = -1; ///< of the sniffer's socket
  int calls = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sniffer_tests, fixture)

CAF_TEST(what begins like no HTTP 2 is HTTP 1 and nothing of it is lost) {
  say("GET / HTTP/1.1\r\n\r\n");
  const auto found = result.get_future().get();
  CAF_CHECK(found.kind == first_bytes::http1);
  CAF_CHECK_EQUAL(found.bytes, "GET / HTTP/1.1\r\n\r\n");
}

CAF_TEST(a preface in pieces is HTTP 2 with all that was read) {
  say_first(h2_preface.substr(0, 10));
  say(h2_preface.substr(10));
  const auto found = result.get_future().get();
  CAF_CHECK(found.kind == first_bytes::http2);
  CAF_CHECK_EQUAL(found.bytes, h2_preface);
}

CAF_TEST(a preface that goes on otherwise is HTTP 1) {
  say_first(h2_preface.substr(0, 16));
  say("Host: x\r\n\r\n");
  const auto found = result.get_future().get();
  CAF_CHECK(found.kind == first_bytes::http1);
  CAF_CHECK_EQUAL(found.bytes, "PRI * HTTP/2.0\r\nHost: x\r\n\r\n");
}

CAF_TEST(the socket is handed over and answers at once) {
  say("GET");
  result.get_future().wait();
  on(unit, [this] {
    tcp::no_delay undelayed;
    ours->socket().get_option(undelayed);
    CAF_CHECK(undelayed.value());
    asio::write(ours->socket(), asio::buffer("answer", 6));
  });
  CAF_CHECK_EQUAL(heard(), "answer");
}

CAF_TEST(a part of the preface may wait until the deadline) {
  say_first(h2_preface.substr(0, h2_preface.size() - 1));
  tick(59min);
  say(h2_preface.substr(h2_preface.size() - 1));
  CAF_CHECK(result.get_future().get().kind == first_bytes::http2);
}

CAF_TEST(who says too little is dropped at the deadline) {
  say_first(h2_preface.substr(0, h2_preface.size() - 1));
  tick(1h);
  CAF_CHECK_EQUAL(heard(), "");
  while (!looking.expired())
    on(unit, [] {});
  CAF_CHECK_EQUAL(calls, 0);
}

CAF_TEST(who leaves at once is no connection) {
  peer.close();
  while (!looking.expired())
    on(unit, [] {});
  CAF_CHECK_EQUAL(calls, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(first bytes decide as soon as they differ) {
  CAF_CHECK(classify_first_bytes("G") == first_bytes::http1);
  CAF_CHECK(classify_first_bytes("P") == first_bytes::undecided);
  CAF_CHECK(classify_first_bytes("PO") == first_bytes::http1);
  CAF_CHECK(classify_first_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r")
            == first_bytes::undecided);
  CAF_CHECK(classify_first_bytes(h2_preface) == first_bytes::http2);
  CAF_CHECK(classify_first_bytes(std::string{h2_preface} + "more")
            == first_bytes::http2);
}
