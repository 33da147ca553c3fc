#include "transports/front/streams/stream_visit.hpp"

#include "transports/net/sockets/visitor_socket.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cassert>
#include <limits>

namespace aps {

namespace {

// How long the bytes in front of an abort may take to arrive.
constexpr duration last_words_time = std::chrono::seconds(5);

constexpr auto no_bound = std::numeric_limits<uint64_t>::max();

} // namespace

stream_visit::stream_visit(io_unit& unit, stream_ptr stream,
                           http_front_ptr context, place_ptr place)
    : channel(unit, std::move(stream)), context_(std::move(context)),
      place_(std::move(place)) {
  context_->count_visitor(1);
}

stream_visit::~stream_visit() {
  context_->count_visitor(-1);
}

void stream_visit::start(onward_request request, std::string_view early,
                         std::unique_ptr<const connect_answers> asked) {
  const auto self = shared_from_this();
  unit_.watch(std::weak_ptr<watched>{self});
  visitor_socket::set_up(stream_->socket().native_handle());
  context_->keep(self);
  if (over())
    return; // all are closed
  asked_ = std::move(asked);
  input_.append(early);
  begun_at_ = moved_at_ = unit_.now();
  set_deadlines(*request.facts.via);
  exchange_ = std::make_shared<exchange>(
    unit_, context_->to()->next_id(), std::move(request.head),
    std::move(request.facts), self, request.window);
  if (request.pass) {
    if (request.pass->refused && place_)
      place_->set(standing::asked);
    exchange_->admit_with(std::move(request.pass));
  }
  context_->to()->start(exchange_);
  process();
}

void stream_visit::set_deadlines(const route& via) {
  const auto own = std::chrono::duration_cast<duration>(via.rule.idle_timeout);
  idle_limit_ = own > duration::zero() ? own : options().streams.idle_timeout;
}

void stream_visit::close() {
  if (!end())
    return;
  const auto kept = shared_from_this();
  last_words_ = nullptr;
  stream_->close(true);
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(outcome::visitor_gone);
}

void stream_visit::on_exception(const std::string&) {
  close();
}

void stream_visit::cut(outcome why) {
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(why);
  close();
}

// -- from the visitor ---------------------------------------------------------

void stream_visit::read_more() {
  if (reading() || over() || incoming_ != input_state::open)
    return;
  const bool wanted
    = exchange_ ? exchange_->room() > 0 : outgoing_ == output_state::parting;
  if (wanted && input_.empty())
    read_some();
}

void stream_visit::on_read(const error_code& error, size_t bytes) {
  if (error && error != boost::asio::error::eof)
    return close();
  if (error) {
    incoming_ = input_state::ending;
    moved_at_ = unit_.now();
    visitor_socket::look_closer(stream_->socket().native_handle());
  } else {
    passed_ += bytes;
    if (place_ && place_->is() == standing::silent)
      place_->set(standing::busy);
  }
  process();
}

bool stream_visit::step() {
  if (!exchange_)
    input_.consume(input_.size());
  if (over() || !exchange_)
    return false;
  const auto bytes = input_.data().substr(0, exchange_->room());
  if (bytes.empty()) {
    if (!input_.empty() || incoming_ != input_state::ending)
      return false;
    incoming_ = input_state::ended;
    exchange_->send_end({});
    return false;
  }
  auto out = bytes.size() < input_.share_from() ? slice::copy(bytes)
                                                : slice{input_.owner(), bytes};
  input_.consume(bytes.size());
  exchange_->send_body(std::move(out));
  return true;
}

void stream_visit::on_steps_done() {
  read_more();
}

void stream_visit::on_writable() {
  const auto kept = shared_from_this();
  process();
}

// -- to the visitor -----------------------------------------------------------

void stream_visit::on_head(const response_head_ptr& head) {
  if (head->interim() || outgoing_ != output_state::waiting)
    return;
  outgoing_ = output_state::open;
  moved_at_ = unit_.now();
  if (!asked_)
    return;
  output_.text() += asked_->granted();
  asked_ = nullptr;
  flush_soon();
}

void stream_visit::on_data(slice bytes) {
  passed_ += bytes.size();
  output_.payload(std::move(bytes));
  flush_soon();
}

void stream_visit::on_half_end() {
  outgoing_ = output_state::ending;
  moved_at_ = unit_.now();
  flush_soon();
}

// Both directions ended; what waits still goes out.
void stream_visit::on_end(const header_list&) {
  exchange_ = nullptr;
  output_.disown_payload();
  flush_soon();
}

void stream_visit::on_failed(outcome outcome, const std::string& detail) {
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  output_.disown_payload();
  if (outcome == outcome::attempts_exhausted)
    context_->to()->on_limit(limit::attempts, stream_->peer_ip(), detail);
  if (over())
    return;
  if (asked_)
    return refuse(outcome, detail, nullptr);
  outgoing_ = output_state::aborting;
  last_words_ = kept;
  leave_by_ = unit_.now() + last_words_time;
  flush();
}

void stream_visit::on_refused(outcome outcome, const header_list& fields) {
  if (!asked_)
    return on_failed(outcome, {});
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  if (!over())
    refuse(outcome, {}, &fields);
}

// Closed with unread bytes, the connection would be reset and the answer could
// be destroyed on its way (RFC 9112, 9.6).
void stream_visit::refuse(outcome outcome, const std::string& detail,
                          const header_list* fields) {
  output_.text() += asked_->refused(outcome, detail, fields);
  outgoing_ = output_state::ending;
  last_words_ = shared_from_this();
  leave_by_ = unit_.now() + last_words_time;
  flush();
}

void stream_visit::on_written(const error_code& error, size_t payload) {
  if (error)
    return close();
  unacknowledged_ = true;
  if (exchange_ && payload > 0)
    exchange_->consumed(payload);
  flush();
}

void stream_visit::on_flushed() {
  if (outgoing_ == output_state::aborting && is_taken())
    return close();
  if (outgoing_ == output_state::ending) {
    outgoing_ = asked_ ? output_state::parting : output_state::ended;
    stream_->shutdown_send();
    process();
  }
  if (!exchange_ && outgoing_ == output_state::ended)
    finish();
}

// Both ends were sent, and the kernel sees to the rest.
void stream_visit::finish() {
  const auto kept = std::exchange(last_words_, nullptr);
  if (end())
    stream_->close();
}

// -- deadlines ----------------------------------------------------------------

bool stream_visit::is_taken() noexcept {
  const auto handle = stream_->socket().native_handle();
  if (unacknowledged_ && visitor_socket::unacknowledged(handle) > 0)
    return false;
  unacknowledged_ = output_.in_flight();
  return !output_.in_flight();
}

// What the kernel took means nothing: its buffers hide a reader that stands
// still.
bool stream_visit::takes(time_point now) noexcept {
  if (is_taken()) {
    taking_.rest();
    return true;
  }
  const auto handle = stream_->socket().native_handle();
  return taking_.keeps_up(now, visitor_socket::acknowledged(handle), no_bound,
                          {options().streams.write_timeout, 0});
}

bool stream_visit::is_idle(time_point now) noexcept {
  if (passed_ != watched_bytes_) {
    watched_bytes_ = passed_;
    moved_at_ = now;
  }
  return now - moved_at_ >= idle_limit_;
}

// Without credit nothing is read, so the kernel is asked.
void stream_visit::look_at_visitor() {
  const auto handle = stream_->socket().native_handle();
  if (visitor_socket::state_of(handle) == visitor_socket::peer_state::gone)
    close();
}

void stream_visit::on_tick(time_point now) {
  const auto kept = shared_from_this();
  if (over())
    return;
  if (!reading() && incoming_ == input_state::open)
    look_at_visitor();
  if (over())
    return;
  if (last_words_) {
    const bool said
      = outgoing_ == output_state::aborting && output_.empty() && is_taken();
    if (said || now >= leave_by_)
      close();
    else if (incoming_ != input_state::open
             && outgoing_ == output_state::parting)
      finish();
    return;
  }
  if (!takes(now)) {
    context_->to()->on_limit(limit::send_rate, stream_->peer_ip(),
                             "takes nothing of a stream");
    return cut(outcome::visitor_stalled);
  }
  if (outgoing_ == output_state::waiting
      && now - begun_at_ >= options().limits.first_byte_timeout)
    return cut(outcome::first_byte_timeout);
  if (is_idle(now))
    return cut(outcome::idle_timeout);
  rest_when_idle();
}

} // namespace aps
