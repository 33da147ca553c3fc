#include "transports/front/h2/h2_visit.hpp"

#include <algorithm>
#include <limits>

namespace aps {

namespace {

constexpr auto unknown_length = std::numeric_limits<uint64_t>::max();

} // namespace

void h2_visit::on_tick(time_point now) {
  if (is_over())
    return;
  const auto kept = shared_from_this();
  if (goes_on_too_long(now))
    return reset(h2_code::no_error); // RFC 9113, 8.1
  if (!takes(now)) {
    from_->context().to()->on_limit(limit::send_rate, from_->peer_ip(),
                                    "takes its answer too slowly");
    cancel_exchange(outcome::visitor_stalled);
    return reset(h2_code::cancel);
  }
  if (continue_due_ && exchange_ && now >= continue_at_)
    send_continue();
  if (!sends(now)) {
    from_->context().to()->on_limit(limit::receive_rate, from_->peer_ip(),
                                    "request body");
    cancel_exchange(outcome::body_timeout);
    if (answer_ != answer_state::awaited)
      return reset(h2_code::cancel);
    return answer_error(outcome::body_timeout,
                        "The request body comes too slowly.");
  }
  if (const auto late = what_is_late(now)) {
    cancel_exchange(*late);
    return answer_ == answer_state::awaited ? answer_error(*late, {})
                                            : reset(h2_code::cancel);
  }
  if (idle_limit_ > duration::zero() && answer_ == answer_state::begun) {
    if (stands_still(now, exchange_ != nullptr, received_ + written_,
                     idle_limit_)) {
      cancel_exchange(outcome::idle_timeout);
      reset(h2_code::cancel);
    }
    return;
  }
  if (stands_still(now, is_awaited(), received_,
                   deadlines_.first_byte(limits().first_byte_timeout))) {
    cancel_exchange(outcome::first_byte_timeout);
    return answer_error(outcome::first_byte_timeout, {});
  }
  // A visitor may have gone that said all it had to say.
  if (stands_still(now,
                   protocol_ == protocol::switched
                     && request_ == request_state::complete,
                   written_, limits().body_timeout)) {
    cancel_exchange(outcome::visitor_gone);
    reset(h2_code::cancel);
  }
}

// By its mapping.
std::optional<outcome> h2_visit::what_is_late(time_point now) {
  if (!exchange_ || !deadlines_.any())
    return std::nullopt;
  return deadlines_.look({.answered = answer_ != answer_state::awaited,
                          .upgraded = protocol_ == protocol::switched,
                          .held_up = written_ != sent_,
                          .progress = received_ + written_},
                         now);
}

// For its answer, as the whole request is with the target, or as that takes
// no more of it.
bool h2_visit::is_awaited() const noexcept {
  return exchange_ && answer_ == answer_state::awaited
         && (request_ == request_state::complete || protocol_ != protocol::http
             || exchange_->room() == 0);
}

bool h2_visit::stands_still(time_point now, bool watched, uint64_t progress,
                            duration limit) {
  if (!watched || limit <= duration::zero())
    return false;
  if (std::exchange(progress_, progress) != progress)
    awaited_since_ = now;
  return now - awaited_since_ >= limit;
}

void h2_visit::send_continue() {
  const auto connection = from_->connection();
  if (!connection || !std::exchange(continue_due_, false)
      || exchange_->room() == 0)
    return;
  connection->session().interim(stream_, {{":status", "100"}});
  connection->pump_soon();
}

// Some clients read an answer only once all that they have to say is taken.
bool h2_visit::goes_on_too_long(time_point now) const {
  return answer_ == answer_state::complete && request_ == request_state::coming
         && written_ == sent_
         && (dropped_ > limits().discard_bytes
             || now - answered_at_ >= limits().discard_timeout);
}

// Does it send what it began, as long as there is room for it?
bool h2_visit::sends(time_point now) {
  if (request_ == request_state::complete || !exchange_
      || protocol_ != protocol::http
      || (grpc_ && answer_ == answer_state::begun) || continue_due_
      || !body_.empty() || !has_credit()) {
    incoming_.rest();
    return true;
  }
  const auto rate = grpc_ ? 0 : limits().min_receive_rate;
  const auto owed
    = head_.content_length ? *head_.content_length - received_ : unknown_length;
  return incoming_.keeps_up(now, received_, owed,
                            {limits().body_timeout, rate});
}

bool h2_visit::has_credit() const noexcept {
  const auto connection = from_->connection();
  return connection && connection->session().has_credit(stream_);
}

// Does it take what is written to it? The end is something, too, which is why
// the stream is still there when both have said all.
bool h2_visit::takes(time_point now) {
  const bool end_waits
    = answer_ == answer_state::complete && request_ == request_state::complete;
  if (written_ == sent_ && !end_waits) {
    outgoing_.rest();
    return true;
  }
  return outgoing_.keeps_up(now, sent_, std::max<uint64_t>(written_ - sent_, 1),
                            {limits().write_timeout, limits().min_send_rate});
}

} // namespace aps
