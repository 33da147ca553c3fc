#include "transports/http/session.hpp"

#include <algorithm>
#include <poll.h>

namespace aps {

namespace {

// How long a visitor may take to close after our end of the connection did.
constexpr duration linger_time = std::chrono::seconds(2);

// A poll link's second connection is used now and then only.
constexpr duration poll_idle_timeout = std::chrono::seconds(75);

// An agent repeats what does not arrive, on a new connection.
constexpr duration poll_write_timeout = std::chrono::seconds(15);

} // namespace

http_session::phase http_session::current_phase() const noexcept {
  if (lingering_)
    return phase::lingering;
  if (raw_)
    return input_ended_ ? phase::half_open : phase::none;
  if (!request_.open) {
    if (closing_ || !output_.empty() || output_.in_flight())
      return phase::none;
    return parser_.started() || requests_ == 0 ? phase::header : phase::idle;
  }
  const bool stalled = exchange_ && exchange_->room() == 0;
  if (!request_.received && !closing_ && !stalled)
    return phase::body;
  // A poll waits as long as it asked for.
  const bool awaited = exchange_ && !request_.head_sent && !request_.poll;
  return awaited ? phase::first_byte : phase::none;
}

duration http_session::limit_of(phase what) const noexcept {
  switch (what) {
    case phase::idle:
      return polled_ && limits().idle_timeout > duration::zero()
               ? std::max(limits().idle_timeout, poll_idle_timeout)
               : limits().idle_timeout;
    case phase::header:
      return limits().header_timeout;
    case phase::body:
    case phase::half_open:
      return limits().body_timeout;
    case phase::first_byte:
      return limits().first_byte_timeout;
    case phase::lingering:
      return linger_time;
    case phase::none:
      break;
  }
  return duration::zero();
}

void http_session::on_tick(time_point now) {
  if (over_)
    return;
  const auto what = current_phase();
  if (what == phase::idle && context_->draining() && !polled_)
    return close();
  if (exchange_ && !reading_ && !input_ended_ && visitor_hung_up())
    return close();
  watch_write(now);
  if (over_)
    return;
  // Only bodies may buy time by making progress.
  const bool extends = what == phase::body || what == phase::half_open
                       || (what == phase::first_byte && !request_.received);
  const auto progress = extends ? progress_ + writes_ : requests_;
  if (what != watched_phase_ || progress != watched_progress_) {
    watched_phase_ = what;
    watched_progress_ = progress;
    const auto limit = limit_of(what);
    deadline_ = limit > duration::zero() ? now + limit : time_point::max();
  } else if (now >= deadline_) {
    deadline_ = time_point::max();
    on_deadline(what);
  }
}

// One write may carry a whole window, so the limit is for all of that.
void http_session::watch_write(time_point now) {
  const auto limit = polled_ && limits().write_timeout <= duration::zero()
                       ? poll_write_timeout
                       : limits().write_timeout;
  if (!output_.in_flight() || limit <= duration::zero())
    return;
  if (watched_write_ != writes_ + 1) {
    watched_write_ = writes_ + 1;
    write_deadline_ = now + limit;
  } else if (now >= write_deadline_) {
    cut();
  }
}

void http_session::on_deadline(phase what) {
  switch (what) {
    case phase::header:
      return refuse(outcome::body_timeout, "The request head is incomplete.");
    case phase::body:
      cancel_exchange(outcome::body_timeout);
      if (request_.head_sent || request_.answered)
        return cut();
      return refuse(outcome::body_timeout, "The request body is incomplete.");
    case phase::first_byte:
      cancel_exchange(outcome::first_byte_timeout);
      return answer_error(outcome::first_byte_timeout, {});
    default:
      return close();
  }
}

// Without credit nothing is read, so the end of input is asked for.
bool http_session::visitor_hung_up() noexcept {
  pollfd what{stream_.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&what, 1, 0) > 0
         && (what.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

} // namespace aps
