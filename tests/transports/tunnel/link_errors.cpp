#define CAF_SUITE link_errors

#include "tests/support/test.hpp"

#include "transports/tunnel/link_errors.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/websocket/error.hpp>

using namespace aps;

namespace {

constexpr close_reason reasons[]
  = {close_reason::normal,    close_reason::shutdown,
     close_reason::refused,   close_reason::exhausted,
     close_reason::protocol,  close_reason::stalled};

} // namespace

CAF_TEST(both transports tell the peer the same) {
  for (auto why : reasons) {
    CAF_MESSAGE(std::string{to_string(why)});
    CAF_CHECK(classify_close_code(close_code_of(why))
              == classify_grpc_status(grpc_status_of(why)));
  }
}

CAF_TEST(the peer of a refused agent sees a typed reason) {
  auto seen = [](close_reason why) {
    return classify_close_code(close_code_of(why));
  };
  CAF_CHECK(seen(close_reason::normal) == link_error::none);
  CAF_CHECK(seen(close_reason::shutdown) == link_error::unavailable);
  CAF_CHECK(seen(close_reason::refused) == link_error::unauthenticated);
  CAF_CHECK(seen(close_reason::exhausted) == link_error::exhausted);
  CAF_CHECK(seen(close_reason::protocol) == link_error::protocol);
  CAF_CHECK(seen(close_reason::stalled) == link_error::stalled);
}

CAF_TEST(socket errors are typed) {
  namespace error = boost::asio::error;
  namespace websocket = boost::beast::websocket;
  CAF_CHECK(classify_socket_error({}) == link_error::none);
  CAF_CHECK(classify_socket_error(error::connection_refused)
            == link_error::refused);
  CAF_CHECK(classify_socket_error(error::host_unreachable)
            == link_error::unavailable);
  CAF_CHECK(classify_socket_error(error::host_not_found)
            == link_error::unavailable);
  CAF_CHECK(classify_socket_error(error::timed_out) == link_error::timed_out);
  CAF_CHECK(classify_socket_error(error::connection_reset)
            == link_error::lost);
  CAF_CHECK(classify_socket_error(error::eof) == link_error::lost);
  CAF_CHECK(classify_socket_error(websocket::error::upgrade_declined)
            == link_error::refused);
  CAF_CHECK(classify_socket_error(websocket::error::message_too_big)
            == link_error::too_large);
  CAF_CHECK(classify_socket_error(websocket::error::bad_opcode)
            == link_error::protocol);
}
