#define CAF_SUITE peer_probe

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "transports/tunnel/peer_probe.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <future>
#include <thread>

using namespace aps;
using aps::test::on;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

const std::string no_node = "no APS node: ";
const std::string which = "; is that the port of `servers`?";

/// Accepts one connection, reads the request, says `answer` in `pieces`.
class odd_peer {
 public:
  odd_peer(std::string answer, bool closes, size_t step = SIZE_MAX)
      : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, answer = std::move(answer), closes, step] {
          tcp::socket peer{context_};
          boost::system::error_code error;
          acceptor_.accept(peer, error);
          if (error)
            return;
          asio::read_until(peer, asio::dynamic_buffer(request), "\r\n\r\n",
                           error);
          for (size_t at = 0; at < answer.size() && !error; at += step) {
            asio::write(peer, asio::buffer(answer.substr(at, step)), error);
            if (step > answer.size())
              break;
          }
          char byte = 0;
          if (!closes) // until the other side has enough
            asio::read(peer, asio::buffer(&byte, 1), error);
        }) {}

  ~odd_peer() { thread_.join(); }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string name() const { return "127.0.0.1:" + std::to_string(port()); }

  std::string request; ///< once the probe is over

 private:
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

struct fixture {
  fixture() { unit.start(); }
  ~fixture() { unit.stop(); }

  std::string probe(const std::string& host, uint16_t port) {
    std::promise<std::string> found;
    probe_peer(unit, host, port, scope,
               [&](const peer_finding& one) { found.set_value(one.text); });
    return found.get_future().get();
  }

  io_unit unit{0};
  std::shared_ptr<live_set> scope = std::make_shared<live_set>();
};

} // namespace

CAF_TEST(first bytes tell what speaks there) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string> rows[] = {
    {""sv, ""},
    {"SSH-2.0-OpenSSH_9.2\r\n"sv, no_node + "it speaks SSH" + which},
    {"\x15\x03\x01\0\x02\x02\x28"sv, no_node + "it speaks TLS" + which},
    {"\x15\x04"sv, no_node + "it speaks no HTTP" + which},
    {"\0\0\x06\x04\0\0\0\0\0"sv, no_node + "it speaks HTTP/2 only" + which},
    {"\0\0\x06\x04"sv, no_node + "it speaks no HTTP" + which},
    {"\0\0\x06\x05\0\0\0\0\0"sv, no_node + "it speaks no HTTP" + which},
    {"220 mail\r\n"sv, no_node + "it speaks no HTTP" + which},
    {"HTTP/2 "sv, no_node + "it speaks no HTTP" + which},
    {"HTTP/1.1 404 Not Found\r\n\r\n"sv,
     no_node + "HTTP 404 to a tunnel request" + which},
    {"HTTP/1.0 302 Found\r\n\r\nx"sv,
     no_node + "HTTP 302 to a tunnel request" + which},
    {"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP request was sent to HTTPS"sv,
     no_node + "it speaks TLS" + which},
    {"HTTP/1.1 400 Bad Request\r\naPS-Outcome: x\r\n\r\n"sv, ""},
    // Only a head says that it is a node.
    {"HTTP/1.1 404 Not Found\r\n\r\n\r\naps-outcome: x"sv,
     no_node + "HTTP 404 to a tunnel request" + which},
    {"HTTP/1.1 404 Not Found\r\n\r\nno; this is an agent, which dials"sv,
     "the status listener of an agent; give a port of `servers`"},
    {"HTTP/1.1 400 Bad Request\r\nAps-Outcome: bad-request\r\n\r\n"
     "TLS is spoken here: use https://."sv,
     "a port that speaks TLS; dial it with -tls, or as https://"},
  };
  for (const auto& [answer, meaning] : rows)
    CAF_CHECK_EQUAL(describe_peer(answer).text, meaning);
}

CAF_TEST(the admin listener is known by what it cannot find) {
  const auto found = describe_peer("HTTP/1.1 404 Not Found\r\n\r\n"
                                   "no such resource: /.tunnel");
  CAF_CHECK_EQUAL(found.text,
                  "the admin listener of a node; give a port of `servers`");
  CAF_CHECK(found.takes_no_agents);
}

CAF_TEST(a listener for visitors alone is known by its answer) {
  const std::string head = "HTTP/1.1 200 OK\r\nAps-Outcome: ok\r\n\r\n";
  const auto found
    = describe_peer(head + std::string{probe_request::no_agents});
  CAF_CHECK_EQUAL(found.text,
                  "a node's listener that takes no agents; give another port "
                  "of `servers`");
  CAF_CHECK(found.takes_no_agents);
  CAF_CHECK(describe_peer(head + std::string{probe_request::welcome})
            == peer_finding{});
  // Only a node says so.
  CAF_CHECK(!describe_peer("HTTP/1.1 200 OK\r\n\r\n"
                           + std::string{probe_request::no_agents})
               .takes_no_agents);
}

CAF_TEST_FIXTURE_SCOPE(peer_probe_tests, fixture)

CAF_TEST(a peer is asked in plain HTTP and named in the answer) {
  odd_peer peer{"HTTP/1.1 200 OK\r\n\r\nhi", true};
  CAF_CHECK_EQUAL(probe("127.0.0.1", peer.port()),
                  peer.name() + " is " + no_node
                    + "HTTP 200 to a tunnel request" + which);
  CAF_CHECK(peer.request.starts_with(
    "GET /.tunnel HTTP/1.1\r\nHost: " + peer.name() + "\r\n"));
  CAF_CHECK(peer.request.find("\r\nConnection: close\r\n")
            != std::string::npos);
}

CAF_TEST(an answer of HTTP is read to its end and another is enough at once) {
  odd_peer slow{"HTTP/1.1 400 Bad\r\nAps-Outcome: x\r\n\r\n", true, 7};
  CAF_CHECK_EQUAL(probe("127.0.0.1", slow.port()), "");
  odd_peer other{"SSH-2.0-x\r\n", false};
  CAF_CHECK_EQUAL(probe("127.0.0.1", other.port()),
                  other.name() + " is " + no_node + "it speaks SSH" + which);
}

CAF_TEST(an answer without end is judged by its beginning) {
  odd_peer endless{"HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'),
                   false};
  CAF_CHECK_EQUAL(probe("127.0.0.1", endless.port()),
                  endless.name() + " is " + no_node
                    + "HTTP 200 to a tunnel request" + which);
}

CAF_TEST(who hangs up or is not there may be a node) {
  odd_peer closing{"", true};
  CAF_CHECK_EQUAL(probe("127.0.0.1", closing.port()), "");
  uint16_t free_port = 0;
  {
    asio::io_context context;
    tcp::acceptor gone{context, {asio::ip::address_v4::loopback(), 0}};
    free_port = gone.local_endpoint().port();
  }
  CAF_CHECK_EQUAL(probe("127.0.0.1", free_port), "");
}

CAF_TEST(closing the scope ends a probe at once) {
  odd_peer silent{"", false};
  std::promise<std::string> found;
  probe_peer(unit, "127.0.0.1", silent.port(), scope,
             [&](const peer_finding& one) { found.set_value(one.text); });
  scope->close_all();
  // A silent peer would be called one that says nothing.
  CAF_CHECK_EQUAL(found.get_future().get(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
