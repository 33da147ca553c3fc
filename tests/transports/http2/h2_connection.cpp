#define CAF_SUITE h2_connection

#include "transports/http2/h2_connection.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <stdexcept>

using namespace aps;
using namespace std::chrono_literals;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

const std::string frame_of_ping = std::string("\0\0\x08\x06\0\0\0\0\0", 9)
                                  + "12345678";
const std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                          + std::string("\0\0\0\x04\0\0\0\0\0", 9);

/// Counts bytes, and takes them at once.
struct counting : h2_stream_owner {
  void on_body(const slice& bytes, size_t) override {
    if (throws)
      throw std::runtime_error("mine");
    received += bytes.size();
    if (const auto back = connection.lock())
      back->session().consume(stream, bytes.size());
  }
  void on_peer_end() override { ended = true; }
  void on_over(const h2_ending& ending) override {
    how = ending.how;
    error = ending.error;
    over = true;
  }

  std::weak_ptr<h2_connection> connection;
  int32_t stream = 0;
  bool throws = false;
  std::atomic<size_t> received{0};
  std::atomic<bool> ended{false};
  std::atomic<bool> over{false};
  h2_ending::kind how{};
  boost::system::error_code error;
};

struct accepting : h2_acceptor {
  std::shared_ptr<h2_stream_owner>
  on_request(int32_t stream, header_list, bool) override {
    owner->stream = stream;
    if (const auto back = owner->connection.lock())
      back->session().respond(stream, {{":status", "200"}}, false);
    return owner;
  }

  std::shared_ptr<counting> owner;
};

struct fixture {
  fixture() {
    unit.start();
    acceptor->owner = there;
  }

  ~fixture() {
    on(unit, [this] {
      if (server)
        server->close();
      if (client)
        client->close();
      server.reset();
      client.reset();
    });
    unit.run_dry();
    unit.stop();
  }

  std::shared_ptr<h2_connection> make_server(tcp_socket socket) {
    auto out = std::make_shared<h2_connection>(
      unit, std::make_unique<byte_stream>(std::move(socket)), settings,
      acceptor);
    there->connection = out;
    return out;
  }

  /// Both ends are ours.
  void connect() {
    on(unit, [this] {
      test::socket_pair pair{unit.context()};
      server = make_server(std::move(pair.ours));
      client = std::make_shared<h2_connection>(
        unit, std::make_unique<byte_stream>(std::move(pair.theirs)), settings);
      server->session().counts().admit();
      client->session().counts().admit();
      here->connection = client;
      here->stream = client->session().open({{":method", "POST"},
                                             {":scheme", "http"},
                                             {":authority", "node"},
                                             {":path", "/x"}},
                                            false, here);
      server->start({});
      client->start({});
    });
    wait([this] { return there->stream != 0; });
  }

  /// The test has the client's end.
  void listen(const std::string& already_read = {}) {
    on(unit, [&] {
      test::socket_pair pair{unit.context()};
      peer.assign(tcp::v4(), pair.theirs.release());
      server = make_server(std::move(pair.ours));
      server->start(already_read);
    });
  }

  std::string heard() {
    std::string text;
    boost::system::error_code error;
    asio::read(peer, asio::dynamic_buffer(text), error);
    return text;
  }

  template <class Condition>
  void wait(Condition condition) {
    bool good = false;
    while (!good)
      on(unit, [&] { good = condition(); });
  }

  io_unit unit{0};
  asio::io_context own;
  tcp::socket peer{own};
  h2_settings settings{.profile = agent_profile};
  std::shared_ptr<accepting> acceptor = std::make_shared<accepting>();
  std::shared_ptr<counting> here = std::make_shared<counting>();
  std::shared_ptr<counting> there = std::make_shared<counting>();
  std::shared_ptr<h2_connection> server;
  std::shared_ptr<h2_connection> client;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(h2_connection_tests, fixture)

CAF_TEST(both sides may send much at once) {
  connect();
  constexpr size_t size = 40 * 1024 * 1024;
  on(unit, [this] {
    const auto much = slice::adopt(std::string(size, 'x'));
    client->session().write(here->stream, much);
    server->session().write(there->stream, much);
    client->pump();
    server->pump();
  });
  wait([this] { return here->received == size && there->received == size; });
}

CAF_TEST(the end of a stream is heard and the connection goes in peace) {
  connect();
  on(unit, [this] {
    client->session().finish(here->stream);
    client->pump();
  });
  wait([this] { return there->ended.load(); });
  on(unit, [this] {
    server->session().finish(there->stream);
    server->pump();
    server->linger();
  });
  wait([this] { return here->over && there->over; });
  CAF_CHECK(here->how == h2_ending::kind::complete);
  CAF_CHECK(there->how == h2_ending::kind::complete);
}

CAF_TEST(a connection that ends tells the other side) {
  connect();
  on(unit, [this] { client->close(); });
  wait([this] { return here->over && there->over; });
  CAF_CHECK(here->how == h2_ending::kind::lost);
  CAF_CHECK(there->how == h2_ending::kind::lost);
  CAF_CHECK(there->error);
}

CAF_TEST(bytes that were read before are taken first) {
  listen(hello + frame_of_ping);
  std::string text(9 + 18 + 13 + 9 + 17, '\0');
  asio::read(peer, asio::buffer(text));
  CAF_CHECK(text.find("12345678") != std::string::npos);
}

CAF_TEST(what breaks the rules is told so and closed) {
  listen();
  asio::write(peer, asio::buffer(hello + std::string(100, 'x')));
  const auto text = heard();
  CAF_CHECK(text.find(std::string("\0\0\x12\x07", 4)) != std::string::npos
            || text.find('\x07') != std::string::npos);
  peer.close();
}

CAF_TEST(a flood is cut) {
  listen();
  std::string flood = hello;
  for (int i = 0; i < 1000; ++i)
    flood += frame_of_ping;
  boost::system::error_code ignored;
  asio::write(peer, asio::buffer(flood), ignored);
  heard(); // ends
}

CAF_TEST(who does not read is not read) {
  settings.profile.control_per_second = 1'000'000;
  settings.profile.early_bytes = h2_profile::any;
  listen();
  peer.set_option(asio::socket_base::receive_buffer_size{4096});
  // Each is answered; nghttp2 itself gives up at 64 answers that wait.
  asio::write(peer, asio::buffer(hello));
  peer.non_blocking(true);
  std::string flood;
  for (int i = 0; i < 1000; ++i)
    flood += frame_of_ping;
  boost::system::error_code error;
  size_t sent = 0;
  while (sent < 64 * 1024 * 1024 && !error) {
    const auto n = peer.write_some(asio::buffer(flood), error);
    sent += n;
    if (error == asio::error::would_block) {
      // It stopped for good once a round of the loop takes nothing.
      error.clear();
      const auto before = sent;
      on(unit, [] {});
      sent += peer.write_some(asio::buffer(flood), error);
      if (sent == before)
        break;
    }
  }
  CAF_CHECK(sent < 64 * 1024 * 1024);
}

CAF_TEST(a deadline ends it) {
  connect();
  on(unit, [this] {
    server->expire_at(unit.now() + 1h);
    server->on_tick(unit.now() + 59min);
  });
  CAF_CHECK(!there->over);
  on(unit, [this] { server->on_tick(unit.now() + 1h); });
  wait([this] { return here->over && there->over; });
}

CAF_TEST(nothing is read while it is paused) {
  connect();
  on(unit, [this] {
    server->pause();
    client->session().write(here->stream,
                            slice::adopt(std::string(8'000'000, 'x')));
    client->pump();
  });
  for (int i = 0; i < 100; ++i)
    on(unit, [] {});
  CAF_CHECK(there->received < 1'000'000);
  on(unit, [this] { server->resume(); });
  wait([this] { return there->received == 8'000'000; });
}

CAF_TEST(an exception of an owner costs its connection alone) {
  connect();
  there->throws = true;
  on(unit, [this] {
    client->session().write(here->stream, slice::copy("x"));
    client->pump();
  });
  wait([this] { return here->over && there->over; });
  CAF_CHECK(there->how == h2_ending::kind::lost);
}

CAF_TEST_FIXTURE_SCOPE_END()
