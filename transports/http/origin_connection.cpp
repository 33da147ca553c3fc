#include "transports/http/origin_connection.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/origin_pool.hpp"
#include "transports/http/request_writer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace aps {

namespace {

// An origin that we chose ourselves may send more fields than a visitor.
constexpr parse_limits response_limits{256 * 1024, 1000, 0};

response_head_ptr to_response_head(message_head& head) {
  auto result = std::make_shared<response_head>();
  result->status = static_cast<uint16_t>(head.status);
  result->reason = std::move(head.reason);
  std::string upgrade;
  if (head.status == 101)
    if (const auto* field = find_header(head.headers, "upgrade"))
      upgrade = field->value;
  remove_hop_by_hop(head.headers);
  result->headers = std::move(head.headers);
  if (head.status == 101)
    result->headers.push_back({"Upgrade", std::move(upgrade)});
  result->last = !head.has_body && head.status != 101;
  if (head.status >= 200 && head.status != 204)
    result->content_length = head.content_length;
  return result;
}

} // namespace

origin_connection::origin_connection(io_unit& unit,
                                     std::unique_ptr<byte_stream> stream,
                                     std::weak_ptr<origin_pool> pool,
                                     std::string key, std::string name)
    : unit_(unit), stream_(std::move(stream)), pool_(std::move(pool)),
      key_(std::move(key)), name_(std::move(name)), parser_(response_limits) {}

bool origin_connection::still_open() noexcept {
  char byte;
  const auto n = ::recv(stream_->socket().native_handle(), &byte, 1,
                        MSG_PEEK | MSG_DONTWAIT);
  return n < 0 ? errno == EAGAIN || errno == EWOULDBLOCK
               : n > 0 && stream_->secure();
}

// -- the request --------------------------------------------------------------

bool origin_connection::begin(std::shared_ptr<response_receiver> who,
                              const request_head& head) {
  const auto framing = choose_framing(head);
  if (!append_request_head(output_.text(), head, framing))
    return false;
  ++requests_;
  request_ = std::move(who);
  head_request_ = head.method == "HEAD";
  upgrade_ = !head.upgrade.empty();
  head_delivered_ = response_started_ = response_done_ = keep_alive_ = false;
  parser_.reset(head_request_);
  body_.begin(framing, head.content_length.value_or(0));
  request_sent_ = head.last || upgrade_;
  if (request_sent_)
    flush();
  else
    flush_soon(); // together with the first body bytes
  read_more();
  return true;
}

void origin_connection::send(slice bytes) {
  if (over_ || send_failed_ || (request_sent_ && !raw_))
    return;
  if (!body_.data(output_, std::move(bytes)))
    return broken(outcome::bad_request, "the body exceeds its length");
  flush_soon();
}

void origin_connection::send_end(const header_list& trailers) {
  if (over_ || send_failed_ || (request_sent_ && !raw_))
    return;
  if (!body_.end(output_, trailers))
    return broken(outcome::bad_request, "the body misses its length");
  shutdown_due_ = raw_;
  request_sent_ = true;
  flush();
}

void origin_connection::on_room() {
  process();
}

void origin_connection::close() {
  if (over_)
    return;
  const auto self = shared_from_this();
  over_ = true;
  request_ = nullptr;
  stream_->close();
  if (const auto pool = pool_.lock())
    pool->remove(this);
}

// -- writing ------------------------------------------------------------------

void origin_connection::flush_soon() {
  if (flush_posted_ || output_.in_flight())
    return;
  flush_posted_ = true;
  boost::asio::post(unit_.context(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void origin_connection::flush() {
  if (over_ || output_.in_flight())
    return;
  if (output_.empty()) {
    if (std::exchange(shutdown_due_, false))
      stream_->shutdown_send();
    return;
  }
  stream_->async_write(
    output_, [self = shared_from_this()](const error_code& error, size_t) {
      self->on_written(error);
    });
}

void origin_connection::on_written(const error_code& error) {
  const auto payload = output_.finish();
  if (over_)
    return;
  if (error) {
    // The origin may have answered before it closed; reading tells.
    send_failed_ = true;
    output_.clear();
    return;
  }
  if (request_ && payload > 0)
    request_->on_request_written(payload);
  flush();
  release_if_done();
}

// -- the response -------------------------------------------------------------

void origin_connection::read_more() {
  if (reading_ || over_)
    return;
  if (request_ && head_delivered_ && request_->response_room() == 0)
    return;
  reading_ = true;
  stream_->async_read_some(
    input_.prepare(),
    [self = shared_from_this()](const error_code& error, size_t bytes) {
      self->on_read(error, bytes);
    });
}

void origin_connection::on_read(const error_code& error, size_t bytes) {
  reading_ = false;
  if (over_)
    return;
  if (!request_)
    return close(); // idle: ended by the origin, or it speaks out of turn
  if (error)
    return on_end_of_input(error);
  input_.commit(bytes);
  response_started_ = true;
  process();
}

void origin_connection::process() {
  if (processing_)
    return;
  const auto self = shared_from_this();
  processing_ = true;
  while (!over_ && request_ && step())
    ;
  processing_ = false;
  read_more();
}

bool origin_connection::step() {
  if (raw_)
    return pump_raw();
  if (input_.empty())
    return false;
  const auto used = parser_.feed(
    input_.owner(), input_.data(),
    head_delivered_ ? request_->response_room() : 0, input_.share_from());
  input_.consume(used);
  if (!head_delivered_ && parser_.head_done()
      && parser_.fault() == parse_fault::none)
    deliver_head();
  else
    deliver_body();
  if (over_ || !request_)
    return false;
  if (parser_.fault() != parse_fault::none)
    broken(outcome::origin_protocol, std::string{render(parser_.fault())});
  else if (head_delivered_ && parser_.done())
    response_complete();
  return used > 0;
}

void origin_connection::deliver_head() {
  auto& head = parser_.head();
  const auto status = head.status;
  if (status == 101 && !upgrade_)
    return broken(outcome::origin_protocol, "101 without being asked");
  keep_alive_ = head.keep_alive;
  auto out = to_response_head(head);
  if (out->interim()) {
    request_->on_response_head(std::move(out));
    parser_.reset(head_request_);
    return;
  }
  head_delivered_ = true;
  if (status == 101) {
    raw_ = true;
    request_sent_ = false;
    body_.begin(body_framing::raw);
  }
  request_->on_response_head(std::move(out));
}

void origin_connection::deliver_body() {
  for (auto& bytes : parser_.body())
    if (request_)
      request_->on_response_body(std::move(bytes));
  parser_.body().clear();
}

bool origin_connection::pump_raw() {
  const auto bytes = input_.data().substr(0, request_->response_room());
  if (bytes.empty())
    return false;
  auto out = bytes.size() < input_.share_from()
               ? slice::copy(bytes)
               : slice{input_.owner(), bytes};
  input_.consume(bytes.size());
  request_->on_response_body(std::move(out));
  return true;
}

void origin_connection::response_complete() {
  if (raw_)
    return;
  response_done_ = true;
  const auto who = std::move(request_);
  request_ = nullptr;
  output_.disown_payload();
  auto trailers = std::move(parser_.trailers());
  remove_forbidden_trailers(trailers);
  // Back to the pool first: what the receiver starts next may use it.
  release_if_done();
  who->on_response_end(std::move(trailers));
}

// Only a connection on which both messages ended cleanly is used again.
void origin_connection::release_if_done() {
  if (over_ || !response_done_)
    return;
  if (!keep_alive_ || !request_sent_ || send_failed_ || !input_.empty())
    return close();
  if (!output_.empty() || output_.in_flight())
    return; // the write's completion comes back here
  response_done_ = false;
  if (const auto pool = pool_.lock())
    pool->put(shared_from_this());
  else
    close();
}

void origin_connection::on_end_of_input(const error_code& error) {
  const bool orderly = error == boost::asio::error::eof;
  if (raw_ && orderly) {
    const auto who = std::move(request_);
    close();
    return who->on_response_end({});
  }
  if (orderly && response_started_ && !raw_)
    parser_.feed_eof();
  if (orderly && head_delivered_ && parser_.done()) {
    keep_alive_ = false;
    return response_complete();
  }
  broken(outcome::origin_closed,
         orderly ? "closed before the answer was complete" : error.message());
}

void origin_connection::broken(outcome why, const std::string& reason) {
  const auto self = shared_from_this();
  const auto who = std::move(request_);
  close();
  if (who)
    who->on_broken(why, name_ + ": " + reason, response_started_);
}

} // namespace aps
