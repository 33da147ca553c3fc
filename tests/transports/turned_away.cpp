#define CAF_SUITE turned_away

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/turned_away.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

using namespace aps;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

struct fixture {
  fixture() { unit.start(); }
  ~fixture() { unit.stop(); }

  /// The end of somebody who is turned away, and whether anything is said.
  bool turn_away(tcp::socket& peer, bool asked) {
    bool told = false;
    on(unit, [&] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      told = turned_away::start(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), asked);
    });
    return told;
  }

  static std::string heard(tcp::socket& from) {
    std::string text;
    boost::system::error_code error;
    asio::read(from, asio::dynamic_buffer(text), error);
    CAF_CHECK(error == asio::error::eof); // and no reset
    return text;
  }

  static void say(tcp::socket& to, std::string_view text) {
    asio::write(to, asio::buffer(text.data(), text.size()));
  }

  io_unit unit{0};
  asio::io_context own;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(turned_away_tests, fixture)

CAF_TEST(who asked already hears that there is no place) {
  tcp::socket peer{own};
  CAF_CHECK(turn_away(peer, true));
  const auto answer = heard(peer);
  CAF_CHECK(answer.starts_with("HTTP/1.1 503 "));
  CAF_CHECK(answer.find("\r\nAps-Outcome: overloaded\r\n") != answer.npos);
  CAF_CHECK(answer.find("\r\nRetry-After: 1\r\n") != answer.npos);
  CAF_CHECK(answer.find("\r\nConnection: close\r\n") != answer.npos);
}

CAF_TEST(who asks afterwards is answered then) {
  tcp::socket peer{own};
  CAF_CHECK(turn_away(peer, false));
  on(unit, [] {});
  CAF_CHECK_EQUAL(peer.available(), 0u);
  say(peer, "GET / HTTP/1.1\r\n");
  CAF_CHECK(heard(peer).starts_with("HTTP/1.1 503 "));
}

CAF_TEST(what comes behind the answer does not lose it) {
  tcp::socket peer{own};
  CAF_CHECK(turn_away(peer, true));
  say(peer, std::string(100'000, 'x')); // nobody is interested in it
  CAF_CHECK(heard(peer).starts_with("HTTP/1.1 503 "));
}

CAF_TEST(who says nothing is closed without a word) {
  tcp::socket peer{own};
  CAF_CHECK(turn_away(peer, false));
  CAF_CHECK_EQUAL(heard(peer), "");
}

CAF_TEST(only a few at a time are told) {
  std::vector<tcp::socket> peers;
  for (int i = 0; i < 8; ++i) {
    peers.emplace_back(own);
    CAF_CHECK(turn_away(peers.back(), false));
  }
  tcp::socket ninth{own};
  CAF_CHECK(!turn_away(ninth, true));
  CAF_CHECK_EQUAL(heard(ninth), "");
  peers.pop_back(); // makes room, once the unit has seen it
  for (bool told = false; !told;) {
    tcp::socket next{own};
    told = turn_away(next, true);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
