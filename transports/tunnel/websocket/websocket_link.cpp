#include "transports/tunnel/websocket/websocket_link.hpp"

#include "transports/net/guard.hpp"
#include "transports/net/tls/tls_session.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/tunnel/link_base.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/websocket/teardown.hpp"
#include "transports/wire/codec.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace aps {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

/// A read buffer that grew beyond this is not kept.
constexpr size_t max_kept_buffer = 512 * 1024;

/// Clients mask through this buffer.
constexpr size_t write_buffer_bytes = 128 * 1024;

constexpr std::chrono::seconds handshake_timeout{10};

constexpr std::string_view no_subprotocol_answer
  = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

bool offers_our_subprotocol(const http::request<http::empty_body>& request) {
  http::token_list offered{request[http::field::sec_websocket_protocol]};
  return offered.exists(std::string{tunnel_subprotocol});
}

/// A link over one WebSocket: one binary message per batch.
/// Ownership, threads and errors are those of link_base.
class websocket_link final : public link_base {
 public:
  websocket_link(io_unit& unit, stream_ptr stream, std::string server)
      : link_base(unit, transport_kind::websocket, stream->peer_name(),
                  std::move(server), tls_facts_of(*stream)),
        bytes_(std::move(stream)), stream_(*bytes_) {
    set_timeout(handshake_timeout);
    stream_.binary(true);
    stream_.auto_fragment(false);
    stream_.write_buffer_bytes(write_buffer_bytes);
    stream_.read_message_max(max_message_bytes);
  }

  /// What came behind the request, and what counts the link.
  void take(std::string rest, place_ptr place) {
    bytes_->put_back(std::move(rest));
    place_ = std::move(place);
    if (!place_)
      return;
    place_->set(standing::proving);
    place_->on_evict([weak = std::weak_ptr{self<websocket_link>()}] {
      if (const auto me = weak.lock())
        me->abort(link_error::exhausted);
    });
  }

  /// Answers the request that was read already.
  void accept(const http::request<http::empty_body>& request,
              websocket_result done) {
    accepted_ = true;
    if (!offers_our_subprotocol(request))
      return decline(std::move(done));
    stream_.read_message_max(unauthenticated_bytes);
    stream_.set_option(websocket::stream_base::decorator(
      [](websocket::response_type& response) {
        response.set(http::field::sec_websocket_protocol, tunnel_subprotocol);
      }));
    stream_.async_accept(
      request,
      guard(io(), self<websocket_link>(),
            [done = std::move(done)](const auto& me, const error_code& error) {
              me->on_handshake(error, error.message(), done);
            }));
  }

  /// Sends the request and checks the answer.
  void open(const std::string& authority, websocket_result done) {
    stream_.set_option(websocket::stream_base::decorator(
      [](websocket::request_type& request) {
        request.set(http::field::sec_websocket_protocol, tunnel_subprotocol);
      }));
    auto response = std::make_unique<websocket::response_type>();
    auto& answer = *response;
    stream_.async_handshake(
      answer, authority, std::string{tunnel_path},
      guard(io(), self<websocket_link>(),
            [done = std::move(done), response = std::move(response)](
              const auto& me, const error_code& error) {
              me->on_answer(error, *response, done);
            }));
  }

 private:
  void on_answer(error_code error, const websocket::response_type& response,
                 const websocket_result& done) {
    auto detail = error.message();
    if (error == websocket::error::upgrade_declined)
      detail = "the peer answered with status "
               + std::to_string(response.result_int());
    else if (!error
             && response[http::field::sec_websocket_protocol]
                  != tunnel_subprotocol)
      error = websocket::error::upgrade_declined;
    on_handshake(error, detail, done);
  }

  void set_timeout(std::chrono::seconds handshake) {
    stream_.set_option(websocket::stream_base::timeout{
      handshake, websocket::stream_base::none(), false});
  }

  /// Tells a client that is not ours why there is no WebSocket.
  void decline(websocket_result done) {
    limit_last_word();
    asio::async_write(*bytes_, asio::buffer(no_subprotocol_answer),
                      guard(io(), self<websocket_link>(),
                            [done = std::move(done)](
                              const auto& me, const error_code&, size_t) {
                              me->on_handshake(websocket::error::no_sec_version,
                                               "no common subprotocol", done);
                            }));
  }

  void on_handshake(const error_code& error, const std::string& detail,
                    const websocket_result& done) {
    if (!alive())
      return done(nullptr, link_error::lost, "aborted");
    if (error) {
      const auto why = classify_socket_error(error);
      ended(why, detail);
      do_abort();
      return done(nullptr, why, detail);
    }
    set_timeout(close_timeout);
    done(shared_from_this(), link_error::none, {});
  }

  // -- link_base -------------------------------------------------------------

  void do_start() override { read(); }

  void do_write(const frame_batch& frames) override {
    buffers_.clear();
    for (const auto& part : encoder_.encode(frames))
      buffers_.emplace_back(part.data(), part.size());
    count_out(encoder_.size());
    // A span, because Beast copies its buffer sequence around.
    stream_.async_write(
      std::span<const asio::const_buffer>{buffers_},
      guard(io(), self<websocket_link>(),
            [](const auto& me, const error_code& error, size_t) {
              me->on_written(error);
            }));
  }

  void do_close(close_reason why, const std::string& detail) override {
    websocket::close_reason reason{close_code_of(why)};
    const auto size = std::min(detail.size(), reason.reason.max_size());
    reason.reason.assign(detail.data(), size);
    stream_.async_close(reason,
                        guard(io(), self<websocket_link>(),
                              [](const auto& me, const error_code&) {
                                me->ended(link_error::none, "closed");
                              }));
  }

  void do_abort() override { bytes_->close(); }

  void on_welcome() override {
    welcome_ = true;
    if (place_)
      place_->set(standing::agent);
    stream_.read_message_max(max_message_bytes);
  }

  // -- reading and writing ---------------------------------------------------

  void on_written(const error_code& error) {
    encoder_.clear();
    if (!error)
      return wrote();
    // The read that is outstanding knows better why it ended, unless the
    // link was not started yet.
    if (!reading_)
      on_broken(error);
  }

  void read() {
    reading_ = true;
    stream_.async_read(
      *in_, guard(io(), self<websocket_link>(),
                  [](const auto& me, const error_code& error, size_t) {
                    me->reading_ = false;
                    me->on_read(error);
                  }));
  }

  void on_read(const error_code& error) {
    if (error)
      return on_broken(error);
    frame_batch frames;
    const auto size = in_->size();
    if (stream_.got_text())
      return break_off(link_error::protocol, "the peer sent a text message");
    if (auto fault = take_message(frames); fault != codec_error::none)
      return break_off(link_error_of(fault), render(fault));
    if (accepted_ && !welcome_ && (early_bytes_ += size)
                                    > unauthenticated_bytes)
      return break_off(link_error::protocol,
                       "too many bytes before authentication");
    received(std::move(frames), size);
    if (alive())
      read();
  }

  /// Decodes the message in the buffer and makes room for the next one.
  codec_fault take_message(frame_batch& frames) {
    const auto data = in_->data();
    const std::string_view view{static_cast<const char*>(data.data()),
                                data.size()};
    const auto capacity = in_->capacity();
    const bool lend = view.size() < min_shared_message;
    const auto result
      = decode({lend ? nullptr : in_, view}, capacity, frames);
    if (in_.use_count() > 1 || capacity > max_kept_buffer)
      in_ = std::make_shared<beast::flat_buffer>();
    else
      in_->consume(view.size());
    return result;
  }

  void on_broken(const error_code& error) {
    if (error == websocket::error::closed) {
      const auto& reason = stream_.reason();
      ended(classify_close_code(reason.code),
            std::string{reason.reason.data(), reason.reason.size()});
    } else {
      ended(classify_socket_error(error), error.message());
    }
    do_abort();
  }

  const stream_ptr bytes_;
  websocket::stream<byte_stream&, false> stream_;
  place_ptr place_; ///< null on the agent's side
  std::shared_ptr<beast::flat_buffer> in_
    = std::make_shared<beast::flat_buffer>();
  batch_encoder encoder_;
  std::vector<asio::const_buffer> buffers_;
  size_t early_bytes_ = 0;
  bool accepted_ = false;
  bool welcome_ = false;
  bool reading_ = false;
};

http::request<http::empty_body> make_request(const std::string& target,
                                             const header_list& headers) {
  http::request<http::empty_body> request{http::verb::get, target, 11};
  for (const auto& item : headers)
    request.insert(item.name, item.value);
  return request;
}

} // namespace

link_ptr accept_websocket(io_unit& unit, stream_ptr stream, std::string target,
                          const header_list& headers, std::string server,
                          std::string rest, place_ptr place,
                          websocket_result done) {
  auto result = std::make_shared<websocket_link>(unit, std::move(stream),
                                                 std::move(server));
  result->take(std::move(rest), std::move(place));
  result->accept(make_request(target, headers), std::move(done));
  return result;
}

link_ptr open_websocket(io_unit& unit, stream_ptr stream, std::string authority,
                        websocket_result done) {
  auto result
    = std::make_shared<websocket_link>(unit, std::move(stream), std::string{});
  result->open(authority, std::move(done));
  return result;
}

} // namespace aps
