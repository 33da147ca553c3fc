#include "transports/origin/origin_connection.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/request_writer.hpp"
#include "transports/net/sockets/visitor_socket.hpp"
#include "transports/origin/origin_connector.hpp"
#include "transports/origin/origin_fields.hpp"
#include "transports/origin/origin_pool.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <boost/asio/error.hpp>
#include <cassert>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace aps {

namespace {

// An origin that we chose ourselves may send more fields than a visitor.
const parse_limits response_limits{256 * 1024, 1000, 0};

// What an origin may still send or take is not known.
constexpr uint64_t any_number = std::numeric_limits<uint64_t>::max();

response_head_ptr to_response_head(message_head& head) {
  auto result = std::make_shared<response_head>();
  result->status = static_cast<uint16_t>(head.status);
  result->reason = std::move(head.reason);
  remove_hop_by_hop(head.headers);
  result->headers = std::move(head.headers);
  result->last = !head.has_body && head.status != 101;
  if (head.status >= 200 && head.status != 204)
    result->content_length = head.content_length;
  return result;
}

} // namespace

origin_connection::origin_connection(io_unit& unit, stream_ptr stream,
                                     std::weak_ptr<origin_pool> pool,
                                     origin_settings_ptr settings,
                                     std::string key, std::string name)
    : channel(unit, std::move(stream)), pool_(std::move(pool)),
      settings_(std::move(settings)), key_(std::move(key)),
      name_(std::move(name)), parser_(response_limits) {}

std::shared_ptr<origin_connection> origin_connection::self() {
  return std::static_pointer_cast<origin_connection>(shared_from_this());
}

std::string origin_connection::pool_key() const {
  return authenticated_ ? visitor_key(key_, visitor_) : key_;
}

void origin_connection::note_authentication(const header_list& headers) {
  authenticated_ = authenticated_ || authenticates_connection(headers);
}

bool origin_connection::still_open() noexcept {
  char byte;
  const auto n = ::recv(stream_->socket().native_handle(), &byte, 1,
                        MSG_PEEK | MSG_DONTWAIT);
  return n < 0 ? errno == EAGAIN || errno == EWOULDBLOCK
               : n > 0 && stream_->secure();
}

// -- the request --------------------------------------------------------------

bool origin_connection::begin(std::shared_ptr<response_receiver> receiver,
                              const request_head& head) {
  assert(!request_);
  const auto framing = choose_framing(head);
  if (!append_request_head(output_.text(), head, framing))
    return false;
  ++requests_;
  request_ = std::move(receiver);
  sent_ = {};
  response_ = {};
  sent_.head_request = head.method == "HEAD";
  visitor_ = head.visitor;
  note_authentication(head.headers);
  upgrade_ = head.upgrade;
  early_ = find_header(head.headers, "transfer-encoding")
             ? any_number
             : head.content_length.value_or(0);
  held_.clear();
  interim_heads_ = head_bytes_ = 0;
  answer_.rest();
  sending_.rest();
  if (const auto pool = pool_.lock())
    pool->note_busy(*this);
  parser_.reset(sent_.head_request);
  body_.begin(framing, head.content_length.value_or(0));
  sent_.sent = head.last || !upgrade_.empty();
  if (sent_.sent)
    flush();
  else
    flush_soon(); // together with the first body bytes
  read_more();
  return true;
}

void origin_connection::send(slice bytes) {
  if (over() || send_failed_ || (sent_.sent && !raw_ && upgrade_.empty()))
    return;
  sent_.bytes_passed = true;
  if (!upgrade_.empty() && !raw_)
    bytes = hold_back(std::move(bytes));
  if (!body_.data(output_, std::move(bytes)))
    return broken(outcome::bad_request, "the body exceeds its length");
  flush_soon();
}

// Behind the body of a request that asks for another protocol comes that
// protocol, from when the origin grants it (RFC 9110, 7.8): sooner it would be
// taken for another request. Where a body ends that comes in chunks, knows who
// made them.
slice origin_connection::hold_back(slice bytes) {
  const auto size
    = static_cast<size_t>(std::min<uint64_t>(early_, bytes.size()));
  if (early_ != any_number)
    early_ -= size;
  if (size < bytes.size())
    held_.push_back(bytes.sub(size));
  return bytes.sub(0, size);
}

void origin_connection::send_end(const header_list& trailers) {
  if (over() || send_failed_ || (sent_.sent && !raw_ && upgrade_.empty()))
    return;
  if (!upgrade_.empty() && !raw_) {
    sent_.end_due = true; // when the origin switches, if it does
    return;
  }
  if (!body_.end(output_, trailers))
    return broken(outcome::bad_request, "the body misses its length");
  shutdown_due_ = raw_;
  sent_.sent = true;
  flush();
}

void origin_connection::on_room() {
  const auto kept = shared_from_this();
  process();
}

void origin_connection::give_back() {
  if (const auto pool = pool_.lock())
    pool->put(self());
}

void origin_connection::close() {
  if (!end())
    return;
  const auto kept = shared_from_this();
  request_ = nullptr;
  unlink();
  stream_->close();
  if (const auto pool = pool_.lock())
    pool->remove(this);
}

// -- writing ------------------------------------------------------------------

void origin_connection::on_flushed() {
  if (std::exchange(shutdown_due_, false))
    stream_->shutdown_send();
}

void origin_connection::on_written(const error_code& error, size_t payload) {
  if (error) {
    // The origin may have answered before it closed; reading tells.
    send_failed_ = true;
    output_.clear();
    return;
  }
  written_ += payload;
  if (request_ && payload > 0)
    request_->on_request_written(payload);
  flush();
  release_if_done();
}

// -- the response -------------------------------------------------------------

void origin_connection::read_more() {
  if (reading() || over())
    return;
  if (request_ && response_.head_delivered && request_->response_room() == 0)
    held_back_ = true;
  else
    read_some();
}

void origin_connection::on_read(const error_code& error, size_t bytes) {
  if (!request_)
    return close(); // idle: ended by the origin, or it speaks out of turn
  if (error)
    return on_end_of_input(error);
  received_ += bytes;
  response_.started = true;
  process();
}

bool origin_connection::step() {
  if (over() || !request_)
    return false;
  if (raw_)
    return pump_raw();
  if (input_.empty())
    return false;
  const auto used = parser_.feed(
    input_.owner(), input_.data(),
    response_.head_delivered ? request_->response_room() : 0, input_.share_from());
  input_.consume(used);
  if (!response_.head_delivered && !count_head(used))
    return false;
  if (!response_.head_delivered && parser_.head_done()
      && parser_.fault() == parse_fault::none)
    deliver_head();
  else
    deliver_body();
  if (over() || !request_)
    return false;
  if (parser_.fault() != parse_fault::none)
    broken(outcome::origin_protocol, std::string{parser_.problem()});
  else if (response_.head_delivered && parser_.done())
    response_complete();
  return used > 0;
}

// Heads need no credit, so they are counted.
bool origin_connection::count_head(size_t bytes) {
  head_bytes_ += bytes;
  if (!parser_.head_done() || parser_.head().status / 100 != 1)
    return true;
  ++interim_heads_;
  if (head_bytes_ <= max_interim_bytes && interim_heads_ <= max_interim_heads)
    return true;
  broken(outcome::origin_protocol, "too many interim answers");
  return false;
}

// The answer to an upgrade names the protocol as the origin writes it. When it
// names none, the one that was asked for is meant, if it was one.
response_head_ptr origin_connection::switching_head(message_head& head) {
  auto protocol = upgrade_;
  if (const auto* field = find_header(head.headers, "upgrade"))
    protocol = field->value;
  else if (protocol.find(',') != protocol.npos)
    protocol.clear();
  if (protocol.empty())
    return nullptr;
  auto result = std::make_shared<response_head>(*to_response_head(head));
  result->headers.push_back({"Upgrade", std::move(protocol)});
  return result;
}

void origin_connection::deliver_head() {
  auto& head = parser_.head();
  const auto status = head.status;
  response_.keep_alive = head.keep_alive;
  response_.event_stream = is_event_stream(head.headers);
  note_authentication(head.headers);
  response_.body_may_follow = !head.has_body && status >= 200
                     && (sent_.head_request || head.content_length.value_or(0) > 0
                         || find_header(head.headers, "transfer-encoding"));
  auto out = status != 101      ? to_response_head(head)
             : upgrade_.empty() ? nullptr
                                : switching_head(head);
  if (!out)
    return broken(outcome::origin_protocol, "101 without being asked");
  if (out->interim()) {
    request_->on_response_head(std::move(out));
    parser_.reset(sent_.head_request);
    return;
  }
  response_.head_delivered = true;
  if (status == 101) {
    raw_ = true;
    sent_.sent = false;
    for (auto& bytes : std::exchange(held_, {}))
      send(std::move(bytes));
    if (sent_.end_due)
      send_end({});
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
  held_.clear();
  response_.done = true;
  // How much of a refused upgrade's stream is still to come, nobody knows.
  response_.keep_alive = response_.keep_alive && !parser_.doubtful()
                && (upgrade_.empty() || !sent_.bytes_passed);
  const auto receiver = std::move(request_);
  request_ = nullptr;
  output_.disown_payload();
  auto trailers = std::move(parser_.trailers());
  remove_forbidden_trailers(trailers);
  // Back to the pool first: what the receiver starts next may use it.
  release_if_done();
  receiver->on_response_end(std::move(trailers));
}

// Only a connection on which both messages ended cleanly is used again.
void origin_connection::release_if_done() {
  if (over() || !response_.done)
    return;
  const bool for_nobody = authenticated_ && visitor_ == 0;
  if (!response_.keep_alive || !sent_.sent || send_failed_ || !input_.empty()
      || for_nobody)
    return close();
  if (!output_.empty() || output_.in_flight())
    return; // the write's completion comes back here
  response_.done = false;
  unlink();
  if (const auto pool = pool_.lock())
    pool->put(self());
  else
    close();
}

void origin_connection::on_end_of_input(const error_code& error) {
  const bool orderly = error == boost::asio::error::eof;
  if (raw_ && orderly) {
    const auto receiver = std::move(request_);
    close();
    return receiver->on_response_end({});
  }
  if (orderly && response_.started && !raw_)
    parser_.feed_eof(input_.data());
  if (orderly && response_.head_delivered && parser_.done()) {
    response_.keep_alive = false;
    return response_complete();
  }
  broken(outcome::origin_closed,
         orderly ? "closed before the answer was complete" : error.message());
}

void origin_connection::on_exception(const std::string& text) {
  broken(outcome::origin_closed, text);
}

void origin_connection::broken(outcome why, const std::string& reason) {
  const auto kept = shared_from_this();
  const auto receiver = std::move(request_);
  // Bytes that are no head may belong to the response before.
  const bool left_over = is_reused() && why == outcome::origin_protocol
                         && !response_.head_delivered && interim_heads_ == 0;
  close();
  if (receiver)
    receiver->on_broken(why, name_ + ": " + reason,
                        response_.started && !left_over
                          ? request_reach::answered
                          : request_reach::unknown);
}

// -- limits -------------------------------------------------------------------

void origin_connection::check(time_point now) {
  const auto kept = shared_from_this();
  if (!over())
    check_answer(now);
  if (!over())
    check_sending(now);
}

// Counts only what the origin owes: not while the visitor is slow to send or
// to take, and not before the head, whose deadline is the node's.
void origin_connection::check_answer(time_point now) {
  const bool owed = request_ && response_.head_delivered && !raw_ && !response_.event_stream
                    && sent_.sent && reading() && !output_.in_flight();
  if (!owed || std::exchange(held_back_, false))
    return answer_.rest();
  const auto& options = settings_->options;
  if (!answer_.keeps_up(now, received_, any_number,
                        {options.read_timeout, options.min_rate}))
    broken(outcome::origin_timeout, "stopped inside its answer, or crawls");
}

void origin_connection::check_sending(time_point now) {
  if (!output_.in_flight())
    return sending_.rest();
  const auto& options = settings_->options;
  const auto socket = stream_->socket().native_handle();
  const progress_rule rule{options.send_timeout, raw_ ? 0 : options.min_rate};
  // Of a Unix socket nothing is acknowledged.
  if (!sending_.keeps_up(now, visitor_socket::acknowledged(socket) + written_,
                         any_number, rule))
    broken(outcome::origin_timeout, "does not take what is sent");
}

} // namespace aps
