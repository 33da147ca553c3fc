#include "transports/tunnel/link_errors.hpp"

#include "transports/http2/grpc_status.hpp"
#include "transports/http2/h2_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace aps {

namespace {

namespace websocket = boost::beast::websocket;
using boost::system::errc::errc_t;

link_error classify_errno(int number) noexcept {
  switch (static_cast<errc_t>(number)) {
    case errc_t::success:
      return link_error::none;
    case errc_t::connection_refused:
      return link_error::refused;
    case errc_t::host_unreachable:
    case errc_t::network_unreachable:
    case errc_t::network_down:
    case errc_t::address_not_available:
      return link_error::unavailable;
    case errc_t::timed_out:
      return link_error::timed_out;
    default: // reset, broken pipe, aborted, ...
      return link_error::lost;
  }
}

constexpr int number(grpc_status status) noexcept {
  return static_cast<int>(status);
}

bool is_resolver(const boost::system::error_code& error) noexcept {
  return error.category() == boost::asio::error::get_netdb_category()
         || error.category() == boost::asio::error::get_addrinfo_category();
}

} // namespace

link_error classify_socket_error(const boost::system::error_code& error) {
  if (!error)
    return link_error::none;
  if (error.category() == boost::system::system_category())
    return classify_errno(error.value());
  if (is_resolver(error))
    return link_error::unavailable;
  if (error == boost::beast::error::timeout)
    return link_error::timed_out;
  if (error == websocket::error::message_too_big
      || error == websocket::error::buffer_overflow)
    return link_error::too_large;
  if (error == websocket::condition::protocol_violation)
    return link_error::protocol;
  if (error == websocket::condition::handshake_failed)
    return link_error::refused;
  static const auto& http
    = make_error_code(boost::beast::http::error::end_of_stream).category();
  if (error.category() == http)
    return error == boost::beast::http::error::end_of_stream
             ? link_error::lost
             : link_error::protocol;
  return link_error::lost;
}

link_error classify_close_code(uint16_t code) noexcept {
  switch (code) {
    case 1000: // normal
    case 1005: // a close frame without a code
      return link_error::none;
    case 1001: // going away
    case 1012: // service restart
      return link_error::unavailable;
    case 1002: // protocol error
    case 1003: // unknown data
    case 1007: // bad payload
    case 1010: // extension needed
      return link_error::protocol;
    case 1008: // policy
      return link_error::unauthenticated;
    case 1009: // too big
      return link_error::too_large;
    case 1011: // internal error; ours for "no sign of life"
      return link_error::stalled;
    case 1013: // try again later
      return link_error::exhausted;
    default:
      return link_error::lost;
  }
}

link_error classify_grpc_status(int code) noexcept {
  switch (static_cast<grpc_status>(code)) {
    case grpc_status::ok:
      return link_error::none;
    case grpc_status::deadline_exceeded:
      return link_error::timed_out;
    case grpc_status::not_found:
    case grpc_status::unimplemented:
    case grpc_status::failed_precondition:
      return link_error::refused;
    case grpc_status::permission_denied:
    case grpc_status::unauthenticated:
      return link_error::unauthenticated;
    case grpc_status::resource_exhausted:
      return link_error::exhausted;
    case grpc_status::aborted: // ours for "no sign of life"
      return link_error::stalled;
    case grpc_status::invalid_argument:
    case grpc_status::out_of_range:
    case grpc_status::internal:
      return link_error::protocol;
    case grpc_status::unavailable:
      return link_error::unavailable;
    default: // CANCELLED, UNKNOWN, DATA_LOSS, ...
      return link_error::lost;
  }
}

link_error classify_h2_code(uint32_t code) noexcept {
  switch (code) {
    case h2_code::protocol_error:
      return link_error::protocol;
    case h2_code::internal_error:
    case h2_code::refused_stream:
      return link_error::unavailable;
    case h2_code::enhance_your_calm:
      return link_error::exhausted;
    case h2_code::inadequate_security:
      return link_error::unauthenticated;
    case h2_code::http_1_1_required:
      return link_error::refused;
    default:
      return link_error::lost;
  }
}

link_error link_error_of(const codec_fault& fault) noexcept {
  return fault == codec_error::too_large ? link_error::too_large
                                         : link_error::protocol;
}

uint16_t close_code_of(close_reason why) noexcept {
  switch (why) {
    case close_reason::normal:
      return 1000;
    case close_reason::shutdown:
      return 1001;
    case close_reason::refused:
      return 1008;
    case close_reason::exhausted:
      return 1013;
    case close_reason::protocol:
      return 1002;
    case close_reason::stalled:
      return 1011;
  }
  return 1000;
}

int grpc_status_of(close_reason why) noexcept {
  switch (why) {
    case close_reason::normal:
      return number(grpc_status::ok);
    case close_reason::shutdown:
      return number(grpc_status::unavailable);
    case close_reason::refused:
      return number(grpc_status::unauthenticated);
    case close_reason::exhausted:
      return number(grpc_status::resource_exhausted);
    case close_reason::protocol:
      return number(grpc_status::invalid_argument);
    case close_reason::stalled:
      return number(grpc_status::aborted);
  }
  return number(grpc_status::ok);
}

} // namespace aps
