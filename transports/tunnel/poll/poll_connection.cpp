#include "transports/tunnel/poll/poll_connection.hpp"

#include "transports/net/guard.hpp"
#include "transports/net/tls/client_settings.hpp"
#include "transports/tunnel/poll/poll_wire.hpp"
#include "transports/tunnel/proxy_pass.hpp"
#include "transports/wire/codec.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <cassert>

#include <span>

namespace aps {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

/// Bytes of one step of a write, between which progress is seen.
constexpr size_t write_step = 64 * 1024;

constexpr std::chrono::seconds farewell_timeout{3};

std::string_view text_in(const http::fields& fields, std::string_view name) {
  const auto value = fields[boost::beast::string_view{name}];
  return {value.data(), value.size()};
}

poll_reply to_reply(http::response<http::string_body>&& from) {
  poll_reply result;
  result.status = from.result_int();
  result.token = text_in(from, poll_token_field);
  result.received = to_number(text_in(from, poll_received_field));
  result.batch = to_number(text_in(from, poll_batch_field));
  result.close = to_number(text_in(from, poll_close_field));
  result.body = std::move(from.body());
  return result;
}

} // namespace

poll_connection::poll_connection(io_unit& unit, tcp::endpoint to,
                                 poll_route route)
    : unit_(unit), stream_(std::make_unique<byte_stream>(unit.context())),
      to_(std::move(to)), route_(std::move(route)) {}

poll_connection::poll_connection(io_unit& unit, stream_ptr stream,
                                 tcp::endpoint to)
    : unit_(unit), stream_(std::move(stream)), to_(std::move(to)),
      connected_(true) {}

void poll_connection::request(std::string head, std::vector<slice> body,
                              handler done) {
  assert(!done_ && done);
  head_ = std::move(head);
  body_ = std::move(body);
  done_ = std::move(done);
  answering_ = false;
  if (connected_)
    write();
  else
    connect(&poll_connection::write);
}

void poll_connection::connect(void (poll_connection::*next)()) {
  next_ = next;
  stream_->socket().async_connect(
    to_, guard(unit_, shared_from_this(),
               [](const auto& me, const error_code& error) {
                 if (error)
                   return me->finish(error, {});
                 me->stream_->connected();
                 ++me->progress_;
                 if (const auto& proxy = me->route_.proxy)
                   pass_proxy(me->unit_, me, *me->stream_, *proxy,
                              me->route_.authority);
                 else
                   me->on_passed(proxy_answer{});
               }));
}

void poll_connection::on_passed(const proxy_answer& answer) {
  if (!answer.why.empty())
    return finish(asio::error::connection_refused, {});
  ++progress_;
  if (route_.tls)
    secure_stream(unit_, shared_from_this(), *stream_, as_settings(route_.tls),
                  route_.host, "http/1.1");
  else
    on_secured({});
}

void poll_connection::on_secured(const std::string& why) {
  if (!why.empty())
    return finish(asio::error::connection_refused, {});
  connected_ = true;
  ++progress_;
  (this->*next_)();
}

void poll_connection::write() {
  if (!done_)
    return;
  buffers_.clear();
  buffers_.emplace_back(head_.data(), head_.size());
  for (const auto& part : body_)
    buffers_.emplace_back(part.data(), part.size());
  asio::async_write(
    *stream_, std::span<const asio::const_buffer>{buffers_},
    [me = shared_from_this()](const error_code& error, size_t) -> size_t {
      ++me->progress_;
      return error ? 0 : write_step;
    },
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error, size_t) {
            me->body_.clear();
            if (error)
              return me->finish(error, {});
            me->parser_.emplace();
            me->parser_->body_limit(max_message_bytes);
            me->read();
          }));
}

void poll_connection::read() {
  if (!done_)
    return;
  http::async_read_some(
    *stream_, in_, *parser_,
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error, size_t bytes) {
            ++me->progress_;
            me->answering_ = me->answering_ || bytes > 0;
            me->on_read(error);
          }));
}

void poll_connection::on_read(const error_code& error) {
  if (!done_)
    return;
  if (error)
    return finish(error, {});
  if (!parser_->is_done())
    return read();
  auto& head = parser_->get();
  if (head.result_int() / 100 == 1) {
    parser_.emplace();
    parser_->body_limit(max_message_bytes);
    return read();
  }
  if (parser_->need_eof())
    return finish(http::error::partial_message, {});
  reusable_ = parser_->keep_alive() && in_.size() == 0;
  finish({}, to_reply(parser_->release()));
}

void poll_connection::finish(const error_code& error, poll_reply reply) {
  if (error)
    reusable_ = false;
  parser_.reset();
  if (const auto done = std::exchange(done_, nullptr))
    done(error, std::move(reply));
}

void poll_connection::farewell(std::string head) {
  assert(!done_);
  head_ = std::move(head);
  farewell_until_ = unit_.now() + farewell_timeout;
  unit_.watch(weak_from_this());
  if (connected_)
    write_farewell();
  else
    connect(&poll_connection::write_farewell);
}

void poll_connection::write_farewell() {
  asio::async_write(
    *stream_, asio::buffer(head_),
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code&, size_t) { me->close(); }));
}

void poll_connection::on_exception(const std::string&) {
  finish(boost::asio::error::fault, {});
  close();
}

void poll_connection::on_tick(time_point now) {
  if (now >= farewell_until_)
    close();
}

void poll_connection::close() {
  done_ = nullptr;
  reusable_ = false;
  stream_->close();
}

} // namespace aps
