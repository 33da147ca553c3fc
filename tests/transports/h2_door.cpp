#define CAF_SUITE h2_door

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/h2_door.hpp"
#include "transports/net/first_bytes.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

using namespace aps;
using namespace std::chrono_literals;
using namespace std::string_literals;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

const auto our_settings = "\0\0\0\x04\0\0\0\0\0"s;
const auto go_away = "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d"s;

/// Preface, settings, and the head of a call of `path` (shorter than 127
/// bytes).
std::string call_of(const std::string& path) {
  const auto fields = "\x83\x86\x44"s + static_cast<char>(path.size()) + path
                      + "\x41\x01h\x5f\x10" + "application/grpc";
  return std::string{h2_preface} + our_settings + "\0\0"s
         + static_cast<char>(fields.size()) + "\x01\x04\0\0\0\x01"s + fields;
}

const std::string tunnel_path = "/aps.tunnel.v1.Tunnel/Connect";

/// A connection at the door; the test has its other end.
struct fixture {
  fixture() { unit.start(); }

  ~fixture() {
    on(unit, [this] {
      if (const auto left = door.lock())
        left->close();
      taken.reset();
    });
    unit.stop();
  }

  void arrive(const std::string& already_read, bool agents = true) {
    on(unit, [&] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      h2_door::handler agent;
      if (agents)
        agent = [this](stream_ptr stream, std::string bytes, place_ptr) {
          taken = std::move(stream);
          read = std::move(bytes);
        };
      const auto made = std::make_shared<h2_door>(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)), already_read,
        nullptr, 1h, std::move(agent), [this] { ++refused; });
      made->start();
      door = made;
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

  std::string heard(size_t bytes) {
    std::string text(bytes, '\0');
    asio::read(peer, asio::buffer(text));
    return text;
  }

  /// Until the door is no more.
  void wait() {
    while (!door.expired())
      on(unit, [] {});
    on(unit, [] {}); // what it did is ours to see
  }

  io_unit unit{0};
  asio::io_context own;
  tcp::socket peer{own};
  std::weak_ptr<h2_door> door;
  stream_ptr taken;
  std::string read;
  int refused = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(h2_door_tests, fixture)

CAF_TEST(settings are said before anything is asked for) {
  arrive(std::string{h2_preface});
  CAF_CHECK_EQUAL(heard(our_settings.size()), our_settings);
}

CAF_TEST(an agent goes on with all that it said) {
  const auto call = call_of(tunnel_path);
  arrive(call.substr(0, 30));
  say(call.substr(30));
  wait();
  CAF_REQUIRE(taken);
  CAF_CHECK_EQUAL(read, call);
  CAF_CHECK_EQUAL(refused, 0);
  CAF_CHECK_EQUAL(heard(our_settings.size()), our_settings);
  on(unit, [this] { asio::write(taken->socket(), asio::buffer("on", 2)); });
  CAF_CHECK_EQUAL(heard(2), "on");
}

CAF_TEST(an agent may come in single bytes) {
  const auto call = call_of(tunnel_path);
  arrive("");
  for (const char byte : call)
    say(std::string(1, byte));
  wait();
  CAF_CHECK_EQUAL(read, call);
}

CAF_TEST(everybody else is told to speak HTTP 1) {
  for (const auto& path :
       {"/"s, tunnel_path + "s", "/aps.tunnel.v1.Tunnel/"s}) {
    refused = 0;
    peer = tcp::socket{own};
    arrive(call_of(path));
    CAF_CHECK_EQUAL(heard(our_settings.size() + go_away.size()),
                    our_settings + go_away);
    CAF_CHECK_EQUAL(heard(), "");
    CAF_CHECK_EQUAL(refused, 1);
    CAF_CHECK(!taken);
    peer.close();
    wait();
  }
}

CAF_TEST(where there are no agents their calls are refused as well) {
  arrive(call_of(tunnel_path), false);
  CAF_CHECK_EQUAL(heard(), our_settings + go_away);
  CAF_CHECK_EQUAL(refused, 1);
}

CAF_TEST(what is no HTTP 2 behind its preface is cut off) {
  arrive(std::string{h2_preface} + "GET / HTTP/1.1\r\n\r\n"
         + std::string(70'000, 'x'));
  heard(); // ends
  wait();
  CAF_CHECK(!taken);
}

CAF_TEST(who says too little is dropped at the deadline) {
  arrive(std::string{h2_preface} + our_settings);
  CAF_CHECK_EQUAL(heard(our_settings.size()), our_settings);
  const auto tick = [this](duration later) {
    on(unit, [&] {
      if (const auto left = door.lock())
        left->on_tick(unit.now() + later);
    });
  };
  tick(59min);
  on(unit, [] {});
  CAF_CHECK(!door.expired());
  tick(1h);
  CAF_CHECK_EQUAL(heard(), "");
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
