#include "transports/front/http_session.hpp"

#include "transports/net/sockets/visitor_socket.hpp"

#include <algorithm>
#include <limits>

namespace aps {

namespace {

// How long a visitor may be silent that goes on after its last answer.
constexpr duration linger_silence = std::chrono::seconds(5);

constexpr auto no_end = std::numeric_limits<uint64_t>::max();

} // namespace

http_session::phase http_session::current_phase() const noexcept {
  // First it has to take what is there; see `takes`.
  if (lingering_)
    return unacknowledged_ ? phase::none : phase::lingering;
  if (dropping())
    return phase::none;
  if (raw_ && request_.received)
    return input_ended_ ? phase::half_open : phase::none;
  if (!request_.open) {
    if (closing_ || !output_.empty() || output_.in_flight())
      return phase::none;
    return parser_.started() || requests_ == 0 ? phase::header : phase::idle;
  }
  if (request_.continue_due && exchange_)
    return phase::none; // our own 100 ends it
  const bool stalled = exchange_ && exchange_->room() == 0;
  if (!request_.received && !closing_ && !stalled)
    return phase::body;
  if (!exchange_)
    return phase::none;
  const bool awaited = !request_.is_begun();
  const bool ended = input_ended_ || end_in_sight_;
  const auto& all = limits();
  if (ended && !(awaited && first_byte_limit() <= all.half_close_timeout))
    return phase::half_closed;
  return awaited ? phase::first_byte : phase::none;
}

duration http_session::limit_of(phase phase) const noexcept {
  switch (phase) {
    case phase::idle:
      return service_ && limits().idle_timeout > duration::zero()
               ? std::max(limits().idle_timeout, service_->patience().idle)
               : limits().idle_timeout;
    case phase::header: return limits().header_timeout;
    case phase::half_open: return limits().body_timeout;
    case phase::half_closed: return limits().half_close_timeout;
    case phase::first_byte:
      return request_.by
               ? std::max(first_byte_limit(), request_.by->patience().answer)
               : first_byte_limit();
    case phase::lingering: return limits().discard_timeout;
    case phase::body: // a rate instead, see `sends`
    case phase::none: break;
  }
  return duration::zero();
}

// What moves the deadline of a phase: few may buy time by making progress.
uint64_t http_session::progress_in(phase phase) const noexcept {
  switch (phase) {
    case phase::half_open: return received_ + writes_;
    case phase::half_closed: return writes_;
    case phase::first_byte:
      return request_.received ? requests_ : received_ + writes_;
    default: return requests_;
  }
}

void http_session::on_tick(time_point now) {
  if (over())
    return;
  if (exchange_ && !reading())
    look_at_visitor();
  const auto phase = current_phase();
  if (!over() && holds_up_stop(phase, now))
    close();
  if (over())
    return;
  if (!takes(now))
    return on_stall();
  if (!ends_in_time(now))
    return;
  if (request_.continue_due && exchange_ && now >= continue_at_)
    send_continue();
  if (!in_time(phase, now) || !sends(phase, now)) {
    deadline_ = time_point::max();
    incoming_.rest();
    on_deadline(phase);
  }
  rest_when_idle();
}

duration http_session::first_byte_limit() const noexcept {
  return request_.deadlines.first_byte(limits().first_byte_timeout);
}

// By its mapping.
bool http_session::ends_in_time(time_point now) {
  if (!exchange_ || !request_.deadlines.any())
    return true;
  const auto late = request_.deadlines.look(
    {.answered = request_.is_begun(),
     .upgraded = raw_,
     .held_up = output_.in_flight() || !output_.empty() || unacknowledged_,
     .progress = received_ + writes_},
    now);
  if (!late)
    return true;
  const auto kept = shared_from_this();
  cancel_exchange(*late);
  if (raw_)
    close();
  else if (request_.is_begun())
    cut();
  else
    answer_error(*late, {});
  return false;
}

bool http_session::holds_up_stop(phase phase, time_point now) const noexcept {
  if (service_ || !context_->draining())
    return false;
  const auto without_request
    = phase == phase::header || phase == phase::lingering;
  return phase == phase::idle
         || (without_request && context_->had_time_to_end(now));
}

bool http_session::in_time(phase phase, time_point now) noexcept {
  const auto progress = progress_in(phase);
  if (phase != watched_phase_ || progress != watched_progress_) {
    if (phase != watched_phase_)
      incoming_.rest();
    watched_phase_ = phase;
    watched_progress_ = progress;
    const auto limit = limit_of(phase);
    deadline_ = limit > duration::zero() ? now + limit : time_point::max();
  }
  return now < deadline_;
}

// Does the visitor take what is written to it? What the kernel took means
// nothing: its buffers hide a reader that stands still. What waits at the
// target is not the visitor's fault, and nothing is asked of it meanwhile.
bool http_session::takes(time_point now) noexcept {
  const auto handle = stream_->socket().native_handle();
  const bool writing = output_.in_flight();
  const auto waiting
    = writing || unacknowledged_ ? visitor_socket::unacknowledged(handle) : 0;
  if (waiting == 0 && !writing) {
    unacknowledged_ = false;
    outgoing_.rest();
    return true;
  }
  progress_rule rule{limits().write_timeout, limits().min_send_rate};
  if (service_) {
    const auto most = service_->patience().taking;
    if (rule.silence <= duration::zero() || rule.silence > most)
      rule.silence = most;
  }
  const auto owed = writing ? no_end : waiting + output_.size();
  return outgoing_.keeps_up(now, visitor_socket::acknowledged(handle), owed,
                            rule);
}

// Does it send what it began, as long as there is credit for it?
bool http_session::sends(phase phase, time_point now) noexcept {
  if (phase == phase::lingering)
    return incoming_.keeps_up(now, received_, no_end, {linger_silence, 0});
  if (phase != phase::body) {
    incoming_.rest();
    return true;
  }
  const auto& length = parser_.head().content_length;
  const auto owed = length ? *length - parser_.body_bytes() : no_end;
  return incoming_.keeps_up(now, received_, owed,
                            {limits().body_timeout,
                             limits().min_receive_rate});
}

// Without credit nothing is read, so the kernel is asked.
void http_session::look_at_visitor() {
  const auto handle = stream_->socket().native_handle();
  const auto state = visitor_socket::state_of(handle);
  if (state == visitor_socket::peer_state::open)
    return;
  const bool gone = state == visitor_socket::peer_state::gone;
  if (gone || request_.by)
    return close();
  if (!raw_ && !std::exchange(end_in_sight_, true))
    visitor_socket::look_closer(handle);
}

void http_session::on_deadline(phase phase) {
  switch (phase) {
    case phase::header:
      note_limit(limit::header_time, "incomplete request head");
      return refuse(outcome::body_timeout, "The request head is incomplete.");
    case phase::body:
      note_limit(limit::receive_rate, "request body");
      cancel_exchange(outcome::body_timeout);
      if (request_.is_begun())
        return cut();
      return refuse(outcome::body_timeout,
                    "The request body comes too slowly.");
    case phase::first_byte:
      cancel_exchange(outcome::first_byte_timeout);
      return answer_error(outcome::first_byte_timeout, {});
    default:
      return close();
  }
}

// The place goes to others; so does the memory, the kernel's included.
void http_session::on_stall() {
  const auto kept = shared_from_this();
  note_limit(limit::send_rate, "takes its answer too slowly");
  cancel_exchange(outcome::visitor_stalled);
  stream_->close(true);
  close();
}

void http_session::note_limit(limit kind, std::string_view detail) {
  context_->to()->on_limit(kind, visitor_ip_, detail);
}

} // namespace aps
