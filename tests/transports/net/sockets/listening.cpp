#define CAF_SUITE listening

#include "transports/net/sockets/listening.hpp"

#include "tests/support/test.hpp"

#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <filesystem>
#include <string>

using namespace aps;
using tcp = boost::asio::ip::tcp;

namespace {

listen_options at(std::string host, uint16_t port = 0) {
  listen_options out;
  out.key = "$.servers.main";
  out.host = std::move(host);
  out.port = port;
  return out;
}

/// Two acceptors; the second may want what the first has.
struct fixture {
  boost::asio::io_context context;
  tcp::acceptor first{context};
  tcp::acceptor second{context};

  /// Why `options` cannot be had; "" = they can.
  std::string problem(const listen_options& options) {
    try {
      listen_at(options, second);
      return {};
    } catch (const std::exception& failure) {
      return failure.what();
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(listening_tests, fixture)

CAF_TEST(a free port is found and listens) {
  const auto bound = listen_at(at("localhost"), first);
  CAF_CHECK(bound.port > 0);
  CAF_CHECK_EQUAL(bound.descriptor, first.native_handle());
  CAF_CHECK_EQUAL(first.local_endpoint().address().to_string(), "127.0.0.1");
  tcp::socket visitor{context};
  visitor.connect(first.local_endpoint());
  CAF_CHECK(visitor.is_open());
}

CAF_TEST(a port that somebody has is refused with its key and a remedy) {
  const auto bound = listen_at(at("127.0.0.1"), first);
  const auto place = "127.0.0.1:" + std::to_string(bound.port);
  CAF_CHECK_EQUAL(problem(at("127.0.0.1", bound.port)),
                  "$.servers.main: cannot listen on " + place
                    + ": Address already in use; is another node or agent "
                      "running?");
}

CAF_TEST(an address of another machine is refused) {
  const auto text = problem(at("2001:db8::1", 18305));
  CAF_CHECK(
    text.starts_with("$.servers.main: cannot listen on [2001:db8::1]:18305: "));
}

CAF_TEST(what is no address is refused) {
  CAF_CHECK(!problem(at("nobody", 1)).empty());
}

CAF_TEST(a file is a port without a number) {
  const auto path = (std::filesystem::temp_directory_path()
                     / ("aps-listening" + std::to_string(::getpid())))
                      .string();
  const auto options = at("unix:" + path);
  CAF_CHECK_EQUAL(socket_path_of(options), path);
  CAF_CHECK_EQUAL(socket_path_of(at("127.0.0.1")), "");
  const auto bound = listen_at(options, first);
  CAF_CHECK_EQUAL(bound.port, 0u);
  CAF_CHECK(std::filesystem::is_socket(path));
  const auto text = problem(options);
  CAF_CHECK(text.starts_with("$.servers.main: cannot listen on unix:" + path));
  std::filesystem::remove(path);
}

CAF_TEST_FIXTURE_SCOPE_END()
