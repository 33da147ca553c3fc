#include "transports/front/http_session.hpp"

#include "transports/net/sockets/visitor_socket.hpp"
#include "transports/net/tls/tls_session.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>

namespace aps {

namespace {

// Pipelined requests wait in at most this many bytes.
constexpr size_t pipeline_bytes = input_buffer::large;

// Read without credit while nothing is buffered, so that a visitor that
// leaves is noticed.
constexpr size_t probe_bytes = 4 * 1024;

// What a frame could not take is refused before anything is sent of it.
parse_limits parse_limits_of(const http_front_context& context) {
  const auto& limits = context.options().limits;
  parse_limits result;
  result.header_bytes
    = std::min(limits.max_header_bytes, max_visitor_head_bytes);
  result.headers = std::min(limits.max_headers, max_visitor_fields);
  result.body_bytes = limits.max_body_bytes;
  if (const auto* local = context.local_service().get())
    result.exempt = [local](const message_head& head) {
      return local->takes(head.method, head.target);
    };
  return result;
}

} // namespace

// -- life ---------------------------------------------------------------------

http_session::http_session(io_unit& unit, stream_ptr stream,
                           http_front_ptr context, place_ptr place)
    : channel(unit, std::move(stream)), context_(std::move(context)),
      place_(std::move(place)), tls_(tls_facts_of(*stream_)),
      visitor_ip_(stream_->peer_ip()), connection_(context_->next_seed()),
      // Spread wide: a session counts its requests up from here.
      id_seed_(connection_ * 0x9e3779b97f4a7c15),
      parser_(parse_limits_of(*context_)) {
  ++context_->live_;
}

std::shared_ptr<http_session> http_session::self() {
  return std::static_pointer_cast<http_session>(shared_from_this());
}

http_session::~http_session() {
  if (!over())
    context_->remove(this);
  if (!service_)
    --context_->live_;
}

void http_session::start(std::string_view already_read) {
  if (!context_->add(self()))
    return close();
  unit_.watch(std::weak_ptr<http_session>{self()});
  visitor_socket::set_up(stream_->socket().native_handle());
  received_ = already_read.size();
  if (place_)
    place_->on_evict([weak = std::weak_ptr<http_session>{self()}] {
      if (const auto me = weak.lock())
        me->make_room();
    });
  input_.append(already_read);
  process();
}

void http_session::close() {
  if (!end())
    return;
  const auto kept = shared_from_this();
  context_->remove(this);
  stream_->close();
  cancel_exchange(outcome::visitor_gone);
}

// For another connection; a visitor's request that has begun meanwhile is the
// last one.
void http_session::make_room() {
  if (request_.open && place_ && place_->is() == standing::busy)
    request_.keep_alive = false;
  else
    close();
}

// Whatever was answered so far, its end is missing.
void http_session::on_exception(const std::string&) {
  if (over())
    return;
  stream_->close(true);
  close();
}

void http_session::cancel_exchange(outcome why) {
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(why);
  output_.disown_payload();
}

// The answer cannot be completed: the visitor must not take it for complete.
void http_session::cut() {
  const auto kept = shared_from_this();
  // Without length and chunks an orderly end would look like the answer's.
  if (!over() && body_.framing() == body_framing::until_close)
    stream_->close(true);
  close();
}

// -- reading ------------------------------------------------------------------

void http_session::read_more() {
  if (reading() || over() || input_ended_)
    return;
  if (const auto limit = read_limit(); limit > 0)
    read_some(limit);
}

// How much may be read now. Bodies are read only with credit from the
// exchange, requests behind the current one only up to a bound.
size_t http_session::read_limit() const noexcept {
  if (lingering_ || dropping())
    return input_buffer::large;
  const bool streaming = raw_ || (request_.open && !request_.received);
  if (!streaming) {
    if (!request_.open && !closing_ && output_.empty())
      return input_buffer::large; // a head, limited by the parser
    return pipeline_bytes - std::min(pipeline_bytes, input_.size());
  }
  if (request_.discarding || (exchange_ && exchange_->room() > 0))
    return input_buffer::large;
  return exchange_ && input_.empty() ? probe_bytes : 0;
}

void http_session::on_read(const error_code& error, size_t bytes) {
  if (error)
    return on_end_of_input(error == boost::asio::error::eof);
  received_ += bytes;
  process();
}

// A visitor may end its direction and wait for its answers (RFC 9112, 9.6).
// Nobody can tell that from one that left without a word, until something is
// written to it; so its patience has a limit of its own, and so has ours.
void http_session::on_end_of_input(bool orderly) {
  input_ended_ = true;
  // Agents never end one direction alone.
  if (!orderly || lingering_ || request_.by)
    return close();
  if ((raw_ && request_.received) || dropping())
    return process(); // see pump_raw
  if (request_.open && !request_.received) {
    if (request_.answer != answer_state::complete)
      return close();
    closing_ = true; // it has its answer, or will have
    return flush();
  }
  if (request_.open && !request_.is_begun() && input_.empty())
    request_.keep_alive = false;
  visitor_socket::look_closer(stream_->socket().native_handle());
  process();
}

// Nothing more is wanted of what still comes.
bool http_session::dropping() const noexcept {
  return closing_ && request_.open && !request_.received;
}

void http_session::drop_input() {
  dropped_ += input_.size();
  input_.consume(input_.size());
  if (dropped_ <= limits().discard_bytes)
    return;
  note_limit(limit::receive_rate, "went on after its answer");
  close();
}

// -- writing ------------------------------------------------------------------

void http_session::on_flushed() {
  if (closing_)
    end_connection();
}

void http_session::on_written(const error_code& error, size_t payload) {
  if (error)
    return close();
  ++writes_;
  unacknowledged_ = true;
  if (exchange_ && payload > 0)
    exchange_->consumed(request_.encoding ? request_.encoding->sent(payload)
                                          : payload);
  flush();
  if (!over() && !lingering_)
    process();
}

// Everything is written and nothing more will be.
void http_session::end_connection() {
  if (lingering_)
    return;
  const bool unread = raw_ || !input_.empty()
                      || (request_.open && !request_.received);
  if (!unread || input_ended_)
    return close();
  // Closing with unread bytes would reset the connection and could destroy
  // the answer on its way (RFC 9112, 9.6).
  lingering_ = true;
  stream_->shutdown_send();
  drop_input();
  read_more();
}

} // namespace aps
