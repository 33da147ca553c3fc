#define CAF_SUITE listener

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/link_harness.hpp"

#include "transports/net/first_bytes.hpp"
#include "transports/net/first_bytes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <system_error>

using namespace aps;
using namespace aps::test;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// A blocking client that speaks whatever it is told.
class raw_client {
 public:
  explicit raw_client(uint16_t port) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }

  /// False when the other side closed before it took everything.
  bool write(std::string_view bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }

  /// Everything until the other side closes.
  std::string read_all() {
    std::string result;
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(result), error);
    return result;
  }

 private:
  asio::io_context context_;
  tcp::socket socket_{context_};
};

std::string h2_frame(uint8_t type, uint8_t flags, uint32_t stream,
                     std::string_view payload) {
  std::string result;
  for (int shift : {16, 8, 0})
    result += static_cast<char>(payload.size() >> shift);
  result += static_cast<char>(type);
  result += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0})
    result += static_cast<char>(stream >> shift);
  return result + std::string{payload};
}

std::string h2_start() {
  return std::string{h2_preface} + h2_frame(4, 0, 0, "");
}

/// HEADERS of a call: POST, http, path and content-type without indexing.
std::string h2_call(uint32_t stream) {
  using namespace std::string_literals;
  return h2_frame(1, 4, stream,
                  "\x83\x86\x44\x1f/aps.tunnel.v1.Tunnel/Connect__"
                  "\x41\x01h"
                  "\x5f\x10"
                  "application/grpc"s);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(listener_tests, link_fixture)

CAF_TEST(plain HTTP on the port reaches the HTTP side) {
  raw_client client{port->port()};
  client.write("GET / HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_all().substr(0, 12), "HTTP/1.1 404");
}

CAF_TEST(a request in single bytes reaches the HTTP side) {
  raw_client client{port->port()};
  const std::string_view request
    = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  for (size_t i = 0; i < request.size(); ++i)
    client.write(request.substr(i, 1));
  CAF_CHECK_EQUAL(client.read_all().substr(0, 12), "HTTP/1.1 404");
}

CAF_TEST(garbage is answered or closed but never kept) {
  for (std::string_view garbage :
       {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03", "PRI * HTTP/9.9\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\n \r\n\r\n"}) {
    raw_client client{port->port()};
    client.write(garbage);
    client.write("\r\n\r\n");
    client.read_all(); // returns
  }
}

CAF_TEST(a connection that says nothing is closed) {
  auto quick = options();
  quick.limits.header_timeout = std::chrono::milliseconds(200);
  port = net->listen(quick, node);
  raw_client silent{port->port()};
  CAF_CHECK_EQUAL(silent.read_all(), "");
  raw_client half{port->port()};
  half.write(h2_preface.substr(0, 10));
  CAF_CHECK_EQUAL(half.read_all(), "");
  raw_client no_stream{port->port()};
  no_stream.write(h2_start());
  no_stream.read_all(); // gRPC's settings, then the end
}

CAF_TEST(rapid reset is cut off at once) {
  raw_client client{port->port()};
  std::string attack = h2_start();
  for (uint32_t i = 0; i < 10'000; ++i)
    attack += h2_call(2 * i + 1)
              + h2_frame(3, 0, 2 * i + 1, std::string_view{"\0\0\0\x08", 4});
  client.write(attack);
  client.read_all();
  // The port still serves.
  auto [node_link, agent_link] = connect(transport_kind::grpc);
  CAF_REQUIRE(node_link && agent_link);
  node_link->abort(link_error::none);
}

CAF_TEST(rapid reset in small steps is cut off too) {
  // More than the buffers of both sockets take: when all of it went out, the
  // node has read most of it. Fewer calls may go before the node wakes.
  constexpr size_t more_than_buffers = 64 << 20;
  raw_client client{port->port()};
  client.write(h2_start());
  size_t written = 0;
  for (uint32_t stream = 1; written < more_than_buffers; stream += 2) {
    const auto step = h2_call(stream)
                      + h2_frame(3, 0, stream,
                                 std::string_view{"\0\0\0\x08", 4});
    if (!client.write(step))
      break;
    written += step.size();
  }
  CAF_MESSAGE("closed after " << written << " bytes");
  CAF_CHECK(written < more_than_buffers);
}

CAF_TEST(a port in use is refused with its name) {
  auto same = options();
  same.port = port->port();
  same.key = "$.servers.main";
  try {
    net->listen(same, node);
    CAF_CHECK(false);
  } catch (const std::system_error& error) {
    CAF_CHECK_EQUAL(std::string{error.what()},
                    "$.servers.main: cannot listen on 127.0.0.1:"
                      + std::to_string(same.port)
                      + ": Address already in use; is another node or agent "
                        "running?");
    CAF_CHECK(error.code() == std::errc::address_in_use);
  }
}

CAF_TEST(an address that is not ours is refused with brackets) {
  auto foreign = options();
  foreign.host = "2001:db8::1";
  foreign.port = 18305;
  try {
    net->listen(foreign, node);
    CAF_CHECK(false);
  } catch (const std::system_error& error) {
    const std::string text{error.what()};
    CAF_MESSAGE(text);
    CAF_CHECK(text.starts_with("cannot listen on [2001:db8::1]:18305: "));
  }
}

CAF_TEST(a closed port can be opened again at once) {
  auto same = options();
  same.port = port->port();
  for (int i = 0; i < 10; ++i) {
    port.reset();
    port = net->listen(same, node);
    CAF_CHECK_EQUAL(port->port(), same.port);
  }
}

CAF_TEST(a port that stopped accepting keeps its links) {
  auto [node_link, agent_link] = connect(transport_kind::websocket);
  CAF_REQUIRE(node_link && agent_link);
  const auto old = port->port();
  port->stop_accepting();
  CAF_CHECK(dial(transport_kind::websocket, old).error == link_error::refused);
  auto seen = std::make_shared<recorder>();
  start(node_link, seen);
  agent_link->send({0, ping_frame{1}});
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
  node_link->abort(link_error::none);
  agent_link->abort(link_error::none);
}

CAF_TEST(a closed listener ends its links) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto node_side = std::make_shared<recorder>();
    auto agent_side = std::make_shared<recorder>();
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    start(node_link, node_side);
    start(agent_link, agent_side);
    port_of(kind).reset();
    CAF_CHECK(agent_side->closed());
    CAF_CHECK(node_side->closed());
    port_of(kind) = net->listen(options(kind.tls), node);
  }
}

CAF_TEST(a server without agents refuses every transport) {
  for (auto kind : link_kinds) {
    auto closed = options(kind.tls);
    closed.agents = false;
    port_of(kind) = net->listen(closed, node);
    const auto result = dial(kind, port_of(kind)->port());
    CAF_CHECK(!result.connected);
    CAF_MESSAGE(std::string{to_string(result.error)} << ": " << result.detail);
    CAF_CHECK(result.error == link_error::refused
              || result.error == link_error::unavailable);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
