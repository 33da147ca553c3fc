#define CAF_SUITE h2_door

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include "transports/h2_door.hpp"
#include "transports/net/first_bytes.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <optional>

using namespace aps;
using namespace std::chrono_literals;
using namespace std::string_literals;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

const auto empty_settings = "\0\0\0\x04\0\0\0\0\0"s;
const auto http_1_1_required = "\0\0\0\x0d"s;

/// Preface, settings, and the head of a call of `path` (shorter than 127
/// bytes).
std::string call_of(const std::string& path) {
  const auto fields = "\x83\x86\x44"s + static_cast<char>(path.size()) + path
                      + "\x41\x01h\x5f\x10" + "application/grpc";
  return std::string{h2_preface} + empty_settings + "\0\0"s
         + static_cast<char>(fields.size()) + "\x01\x04\0\0\0\x01"s + fields;
}

const std::string tunnel_path = "/aps.tunnel.v1.Tunnel/Connect";

/// The payload of the first frame of this type.
std::optional<std::string> frame_in(const std::string& text, uint8_t type) {
  size_t at = 0;
  while (at + 9 <= text.size()) {
    const auto byte = [&](size_t i) {
      return size_t{static_cast<uint8_t>(text[at + i])};
    };
    const auto length = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (byte(3) == type)
      return text.substr(at + 9, length);
    at += 9 + length;
  }
  return std::nullopt;
}

constexpr uint8_t settings = 4;
constexpr uint8_t go_away = 7;
constexpr uint8_t headers = 1;

/// The link of an agent.
struct link_owner : h2_stream_owner {
  void on_body(const slice&, size_t) override {}
  void on_peer_end() override {}
  void on_over(const h2_ending&) override {}
};

/// A connection at the door; the test has its other end.
struct fixture {
  fixture() { unit.start(); }

  ~fixture() {
    on(unit, [this] {
      if (const auto left = connection.lock())
        left->close();
      taken.reset();
    });
    unit.stop();
  }

  void arrive(const std::string& already_read, bool agents = true) {
    on(unit, [&] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      h2_door::handlers handlers;
      if (agents)
        handlers.agent = [this](const std::shared_ptr<h2_connection>& from,
                       int32_t call, place_ptr) {
          taken = std::make_shared<link_owner>();
          from->session().respond(call, {{":status", "200"}}, false);
          return taken;
        };
      handlers.refused = [this] { ++refused; };
      const auto made = h2_door::open(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), nullptr, 1h,
        visitors, std::move(handlers));
      made->start(already_read);
      connection = made;
    });
  }

  void say(const std::string& text) { asio::write(peer, asio::buffer(text)); }

  /// Everything until the other side ends the connection.
  std::string heard() {
    std::string text;
    boost::system::error_code error;
    asio::read(peer, asio::dynamic_buffer(text), error);
    return text;
  }

  /// Everything until a frame of this type came.
  std::string heard_until(uint8_t type) {
    std::string text;
    while (!frame_in(text, type)) {
      char byte = 0;
      asio::read(peer, asio::buffer(&byte, 1));
      text += byte;
    }
    return text;
  }

  /// Until the connection is no more.
  void wait() {
    while (!connection.expired())
      on(unit, [] {});
  }

  io_unit unit{0};
  asio::io_context own;
  tcp::socket peer{own};
  std::weak_ptr<h2_connection> connection;
  std::shared_ptr<link_owner> taken;
  int refused = 0;
  std::shared_ptr<http_front_context> visitors
    = std::make_shared<http_front_context>(std::make_shared<test::link_front>(),
                                           listen_options{},
                                           tunnel_upgrade_handler{});
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(h2_door_tests, fixture)

CAF_TEST(settings are said before anything is asked for) {
  arrive(std::string{h2_preface});
  CAF_CHECK(heard_until(settings).size() >= 9);
}

CAF_TEST(an agent goes on) {
  const auto call = call_of(tunnel_path);
  arrive(call.substr(0, 30));
  say(call.substr(30));
  heard_until(headers);
  CAF_CHECK(taken);
  CAF_CHECK_EQUAL(refused, 0);
  on(unit, [this] {
    connection.lock()->on_tick(unit.now() + 2h); // it has no deadline now
  });
  CAF_CHECK(!connection.expired());
}

CAF_TEST(an agent may come in single bytes) {
  arrive("");
  for (const char byte : call_of(tunnel_path))
    say(std::string(1, byte));
  heard_until(headers);
  CAF_CHECK(taken);
}

CAF_TEST(everybody else is a visitor) {
  for (const auto& path :
       {"/"s, tunnel_path + "s", "/aps.tunnel.v1.Tunnel/"s}) {
    peer = tcp::socket{own};
    arrive(call_of(path));
    heard_until(headers); // there is no mapping
    CAF_CHECK_EQUAL(refused, 0);
    CAF_CHECK(!taken);
    CAF_CHECK_EQUAL(visitors->sessions(), 1u);
    peer.close();
    wait();
  }
  CAF_CHECK_EQUAL(visitors->sessions(), 0u);
}

CAF_TEST(where there are no agents their calls are refused as well) {
  arrive(call_of(tunnel_path), false);
  const auto said = frame_in(heard(), go_away);
  CAF_REQUIRE(said);
  CAF_CHECK_EQUAL(said->substr(4, 4), http_1_1_required);
  CAF_CHECK_EQUAL(refused, 1);
}

CAF_TEST(a request without an authority costs its stream) {
  const auto fields = "\x82\x86\x84"s;
  arrive(std::string{h2_preface} + empty_settings + "\0\0"s
         + static_cast<char>(fields.size()) + "\x01\x05\0\0\0\x01"s + fields);
  constexpr uint8_t reset = 3;
  heard_until(reset);
  CAF_CHECK(!connection.expired());
}

CAF_TEST(a call behind the request of a visitor is no agent of ours) {
  const auto call = call_of("/");
  const auto later = call_of(tunnel_path);
  auto second = later.substr(h2_preface.size() + empty_settings.size());
  second[8] = 3; // the stream
  arrive(call + second);
  heard_until(headers);
  CAF_CHECK(!taken);
}

CAF_TEST(what is no HTTP 2 behind its preface is cut off) {
  arrive(std::string{h2_preface} + "GET / HTTP/1.1\r\n\r\n"
         + std::string(70'000, 'x'));
  heard(); // ends
  peer.close();
  wait();
  CAF_CHECK(!taken);
}

CAF_TEST(who says too little is dropped at the deadline) {
  arrive(std::string{h2_preface} + empty_settings);
  heard_until(settings);
  const auto tick = [this](duration later) {
    on(unit, [&] {
      if (const auto left = connection.lock())
        left->on_tick(unit.now() + later);
    });
  };
  tick(59min);
  on(unit, [] {});
  CAF_CHECK(!connection.expired());
  tick(1h);
  heard();
  wait();
  CAF_CHECK_EQUAL(refused, 0);
}

CAF_TEST(who leaves before its call is nobody) {
  arrive(std::string{h2_preface});
  peer.close();
  wait();
  CAF_CHECK(!taken);
  CAF_CHECK_EQUAL(refused, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
